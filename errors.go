package spillway

import (
	"errors"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// ErrConfig: the [Config] can not be right, whatever the database answers: a URL that can
// not be read, a scheme that is not supported, settings that contradict each other.
var ErrConfig = errors.New("spillway: wrong configuration")

// configError makes an error match [ErrConfig] and leaves its text as it is.
type configError struct{ error }

func (e *configError) Unwrap() error { return e.error }

func (e *configError) Is(target error) bool { return target == ErrConfig }

// Error is what a database answered, in the words every backend shares: its kind, and
// the table, column and constraint as far as the backend tells them. Find it with
// errors.As; the native error (*pgconn.PgError, *sqlite3.Error) is reachable through it.
type Error = driver.Error

// Kinds of [Error], for errors.Is on every backend.
const (
	ErrUnique         = driver.ErrUnique
	ErrForeignKey     = driver.ErrForeignKey
	ErrNotNull        = driver.ErrNotNull
	ErrCheck          = driver.ErrCheck
	ErrSerialization  = driver.ErrSerialization
	ErrDeadlock       = driver.ErrDeadlock
	ErrBusy           = driver.ErrBusy
	ErrLockTimeout    = driver.ErrLockTimeout
	ErrReadOnly       = driver.ErrReadOnly
	ErrConnectionLost = driver.ErrConnectionLost
	ErrConnect        = driver.ErrConnect
	ErrAuth           = driver.ErrAuth
	ErrNoDatabase     = driver.ErrNoDatabase
	ErrTooMany        = driver.ErrTooMany
	ErrSyntax         = driver.ErrSyntax
	ErrNoTable        = driver.ErrNoTable
	ErrNoColumn       = driver.ErrNoColumn
	ErrExists         = driver.ErrExists
	ErrValue          = driver.ErrValue
	ErrDecode         = driver.ErrDecode
	ErrCanceled       = driver.ErrCanceled
	ErrTxAborted      = driver.ErrTxAborted
	// ErrOutcomeUnknown: the answer was lost, so a write may or may not have been carried
	// out. It is never repeated in silence.
	ErrOutcomeUnknown = driver.ErrOutcomeUnknown
	ErrCorrupt        = driver.ErrCorrupt
	ErrFull           = driver.ErrFull
)

// Errors of operations that were never carried out; see package pool.
var (
	// ErrNotStarted matches every one of them.
	ErrNotStarted   = pool.ErrNotStarted
	ErrTimeout      = pool.ErrTimeout
	ErrQueueFull    = pool.ErrQueueFull
	ErrClosed       = pool.ErrClosed
	ErrPoolDeadlock = pool.ErrPoolDeadlock
)

// Errors of package models.
var (
	ErrNotFound      = models.ErrNotFound
	ErrMultiple      = models.ErrMultiple
	ErrStale         = models.ErrStale
	ErrInvalid       = models.ErrInvalid
	ErrSessionClosed = models.ErrSessionClosed
	ErrSessionBusy   = models.ErrSessionBusy
)

// reason takes the state of a pool that was only just made out of an error of opening:
// it would say nothing but zeros.
func reason(err error) error {
	var e *pool.StateError
	if !errors.As(err, &e) {
		return err
	}
	if e.Cause != nil {
		return e.Cause
	}
	return e.Reason
}
