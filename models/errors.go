package models

import "errors"

// Errors of the models layer. What a database reports (unique, foreign key, …) arrives
// as the error kinds of the root package, what the pool reports as those of package
// pool; match all of them with errors.Is.
var (
	// ErrNotFound: no row fits.
	ErrNotFound = errors.New("models: not found")
	// ErrMultiple: one row was asked for and more than one fits.
	ErrMultiple = errors.New("models: more than one row fits")
	// ErrStale: a row that was to be changed or deleted is not there any more as the object
	// has it: somebody deleted it meanwhile, or, as its version column tells, changed it.
	// [Session.Refresh] reads the row again; then the change can be made anew.
	ErrStale = errors.New("models: the object is stale")
	// ErrInvalid: the Validate method of an object refused it.
	ErrInvalid = errors.New("models: the object is not valid")
	// ErrAttached: the object belongs to another session that is still open, or another
	// object of the session stands for the same row.
	ErrAttached = errors.New("models: the object belongs elsewhere")
	// ErrDetached: the object does not belong to this session, or, when a relation is to
	// be loaded, to no session and to no result.
	ErrDetached = errors.New("models: the object does not belong to this session")
	// ErrNotLoaded: a relation was read that was not loaded.
	ErrNotLoaded = errors.New("models: the relation is not loaded")
	// ErrSessionClosed: the session was closed.
	ErrSessionClosed = errors.New("models: session is closed")
	// ErrSessionBusy: the caller runs inside of what the session is doing, so waiting for
	// it would never end.
	ErrSessionBusy = errors.New("models: session is busy with the call that this one is made in")
	// ErrInner: the transaction is not the session's to end: it was lent by Nested or InTx.
	ErrInner = errors.New("models: the transaction is not this session's to end")
	// ErrNeedsRollback: the session's transaction was lost; Rollback makes the session
	// usable again.
	ErrNeedsRollback = errors.New("models: the transaction was lost, call Rollback")
)
