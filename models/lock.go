package models

import (
	"errors"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// A LockOption says what [Query.ForUpdate] does about rows that somebody else has
// locked. Without one it waits for them.
type LockOption uint8

const (
	// SkipLocked leaves them out, which makes a table a queue for many workers.
	SkipLocked LockOption = iota + 1
	// NoWait makes them an error, spillway.ErrLockTimeout.
	NoWait
)

var errLockAlone = errors.New("models: ForUpdate and ForShare outside of a session: the lock would end with the statement; use a session, whose transaction keeps it")

// ForUpdate locks the rows that are returned until the session's transaction ends, so
// that nobody else can change or lock them; it needs a session, and begins its
// transaction. Objects that the session has already are brought up to date, except for
// what was changed in them.
//
// SQLite locks the whole database for one writer: there ForUpdate makes the session that
// writer, so SkipLocked finds nothing to skip. NoWait is an error there.
func (q Query[R]) ForUpdate(options ...LockOption) Query[R] {
	return Query[R]{q: q.q.lock("ForUpdate", dialect.ForUpdate, options)}
}

// ForShare is [Query.ForUpdate] with a lock that others may share, but not write under.
func (q Query[R]) ForShare(options ...LockOption) Query[R] {
	return Query[R]{q: q.q.lock("ForShare", dialect.ForShare, options)}
}

//go:noinline
func (q *query) lock(method string, l dialect.Lock, options []LockOption) *query {
	return q.with(func(n *query) error {
		if err := n.only(method, selectQuery); err != nil {
			return err
		}
		n.sel.Lock, n.sel.Wait = l, dialect.WaitForLock
		for _, o := range options {
			wait := dialect.SkipLocked
			if o == NoWait {
				wait = dialect.NoWait
			}
			if n.sel.Wait != dialect.WaitForLock && n.sel.Wait != wait {
				return errors.New("models: " + method + ": SkipLocked and NoWait exclude each other")
			}
			n.sel.Wait = wait
		}
		return nil
	})
}

// A refresher is a sink whose rows are the latest word on objects that a session has.
type refresher interface{ refresh(u *Unit) }

// refresh brings the objects up to date that the session has, except for what was
// changed in them.
func (s *entitySink) refresh(u *Unit) {
	for _, obj := range s.out {
		if r := u.identityOf(s.t).at(s.t, obj); r != nil {
			fresh := s.t.clone(obj)
			if r.refresh(fresh, false, s.partial); s.partial == nil {
				r.epoch = u.epoch
			}
			u.arrive(s.t, r.obj)
		}
	}
}
