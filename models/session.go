package models

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/spillwaydb/spillway/internal/link"
)

// A Session is a blocking unit of work: it gives out one object per row, notices what is
// changed in them, and writes changes in the order that foreign keys ask for. Many
// goroutines may use one; their calls run one after another. (What they do to the
// objects themselves is theirs to order.)
//
// A session takes a connection with its first write and keeps it until Commit or
// Rollback. Before a query it sends pending changes to the tables in question
// (autoflush). After a commit the rows it knows are read again when they are next asked
// for; the fields of the objects keep their values until then, since Go can not notice
// that a field is read.
//
// Close every session. One that was forgotten is found by the garbage collector, sooner or
// later: then it is rolled back, its connection given back, and that is logged with the
// line where it was made. As long as one of its objects is in use it is not forgotten.
type Session struct {
	unit *Unit
	lock chan struct{} // holds a token while nobody is inside

	// scope names what the session is only lent by: "Nested" or "InTx".
	scope  string
	parent *Session    // of a session lent by Nested
	over   atomic.Bool // and that Nested is over

	mu    sync.Mutex // held for a few assignments
	inner *Session   // lent by a Nested of this session that is not over
	later []func()   // to be done when it is
}

// NewSession makes a session. label says where, for errors and leak reports.
func NewSession(e *Engine, label string) *Session {
	s := &Session{lock: make(chan struct{}, 1)}
	s.unit = NewUnit(e, UnitOptions{Autoflush: true, ExpireOnCommit: true, Label: label, Host: host{s}})
	s.lock <- struct{}{}
	return s
}

// host lets objects reach their session, to load relations.
type host struct{ s *Session }

// Carry implements link.Host.
func (h host) Carry(ctx context.Context, c link.Chain[struct{}]) error {
	s := h.s
	if in, _ := s.unit.Inside(ctx).(*Session); in != nil && !in.over.Load() {
		s = in // the objects are those of all sessions of the unit
	}
	t, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	_, err = do(ctx, t, c)
	return err
}

// enter waits for the session to be free.
func (s *Session) enter(ctx context.Context) (Target, error) {
	if s.scope == scopeLoad {
		return nil, errInLoad
	}
	select {
	case <-s.lock:
		return s.entered()
	default:
	}
	if s.busy(ctx) {
		return nil, errInside
	}
	select {
	case <-s.lock:
		return s.entered()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// entered answers a caller that has the session's lock.
func (s *Session) entered() (Target, error) {
	if s.over.Load() {
		s.leave()
		return nil, fmt.Errorf("%w: it was that of a %s that is over", ErrSessionClosed, s.scope)
	}
	s.unit.by = s
	return s.unit, nil
}

func (s *Session) leave() {
	if s.unit.by == s {
		s.unit.by = s.parent
	}
	s.lock <- struct{}{}
}

var errInside = fmt.Errorf("%w: inside Nested use the session that it hands out, in a hook HookSession", ErrSessionBusy)

// Add puts objects under the session's care. Those that were never loaded and never
// flushed are inserted by the next flush; those that were, by another session or by the
// database handle, are updated from now on. What decides is where the object comes from,
// never whether its key is zero; for a struct without [Model], which can not remember
// that, Add inserts. Adding an object that the session has already does nothing.
//
// A mistake, such as a struct that can not be mapped, comes out of the next flush.
func (s *Session) Add(objs ...any) { s.mark(func() { s.unit.Add(objs...) }) }

// Delete marks objects for deletion by the next flush. Those that were added and not
// flushed yet are forgotten. A mistake, such as an object that was never loaded, comes
// out of the next flush.
func (s *Session) Delete(objs ...any) { s.mark(func() { s.unit.Delete(objs...) }) }

// Purge is Delete that removes the rows of a table with a softdelete column for good,
// where Delete only marks them.
func (s *Session) Purge(objs ...any) { s.mark(func() { s.unit.Purge(objs...) }) }

// Flush sends what was added, changed and deleted, within the session's transaction. All
// of it happens or, on an error, none: then objects and transaction are as they were
// before, the changes are still pending, and the session can be used. Of a changed
// object only the changed columns are written; if its row is gone, or its version column
// shows that somebody else has changed it meanwhile, that is [ErrStale].
func (s *Session) Flush(ctx context.Context) error { return s.do(ctx, (*Unit).Flush) }

// Commit flushes and commits. When it returns nil the changes last. On an error of the
// flush nothing was committed and the session is as after a failed Flush; on an error of
// the commit itself the transaction is rolled back and its changes are pending again.
//
// A commit that is all there is to send, without a transaction that was open before, may
// share that of other callers who wait at the same moment (package pool has the rules): on
// SQLite any, on Postgres up to 16 new objects none of which needs a key that the database
// makes for another, or one changed object.
func (s *Session) Commit(ctx context.Context) error {
	if err := s.lent("Commit", "nil"); err != nil {
		return err
	}
	return s.do(ctx, (*Unit).Commit)
}

// Rollback takes back what was flushed, and gives loaded objects the values that they
// had: those of the last commit. Objects that were added become strangers, without the
// keys and times that were filled in.
func (s *Session) Rollback(ctx context.Context) error {
	if err := s.lent("Rollback", "an error"); err != nil {
		return err
	}
	return s.do(ctx, (*Unit).Rollback)
}

// lent reports an error if ending the transaction is not the caller's business.
func (s *Session) lent(verb, answer string) error {
	if s.scope == "" {
		return nil
	}
	return fmt.Errorf("%w: %s inside %s: return %s from the function instead", ErrInner, verb, s.scope, answer)
}

// Close rolls back what was not committed, gives the connection back and lets all
// objects go; they keep their values and can be added to another session. Closing again
// does nothing. Every other call on a closed session fails with [ErrSessionClosed].
//
// Close waits for calls of other goroutines that are under way; the rollback takes at
// most pool.Config.DrainTimeout, then the connection is dropped.
func (s *Session) Close() {
	if s.scope == "" {
		s.mark(s.shut)
	}
}

// close is Close for who lent the session.
func (s *Session) close() { s.mark(s.shut) }

func (s *Session) shut() {
	ctx, cancel := context.WithTimeout(context.Background(), s.unit.e.drain())
	defer cancel()
	_, _ = do(ctx, Target(s.unit), s.unit.Close()) // giving the connection back undoes what is left
}

func (s *Session) do(ctx context.Context, verb func(u *Unit) link.Chain[struct{}]) error {
	t, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	_, err = do(ctx, t, verb(s.unit))
	return err
}
