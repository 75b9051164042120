package models

import (
	"context"
	"errors"
	"fmt"
)

// Nested runs fn in a part of the session's transaction that can fail by itself. It
// flushes, sets a savepoint and calls fn with a session that works on the same objects.
// When fn returns nil, what it did becomes part of the transaction; on an error or a
// panic all of it is taken back, rows as well as objects, and the session goes on as if
// nothing had happened, even if the database had given the transaction up. Nested calls
// may be nested.
//
// The calls of s wait meanwhile, those of other goroutines too, so that nothing of theirs
// is taken back with fn. Inside of fn use the session and the ctx that it gets: s itself
// answers [ErrSessionBusy] to that ctx. What has no ctx (Add, Delete, Expire, Close) takes
// effect on s when fn is over. Commit, Rollback and Close of the inner session are for
// Nested to do: the first two answer [ErrInner], Close does nothing.
func (s *Session) Nested(ctx context.Context, fn func(ctx context.Context, inner *Session) error) (err error) {
	t, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	p, err := do(ctx, t, s.unit.Save())
	if err != nil {
		return err
	}
	inner := &Session{unit: s.unit, lock: make(chan struct{}, 1), parent: s, scope: "Nested"}
	inner.lock <- struct{}{}
	s.mu.Lock()
	s.inner = inner
	s.mu.Unlock()
	defer s.outer()
	kept := false
	defer func() { // also when fn panics or ends its goroutine
		inner.end()
		if kept {
			if _, err = do(ctx, t, s.unit.Keep(p)); err == nil {
				return
			}
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.unit.e.drain())
		defer cancel()
		if _, lost := do(ctx, t, s.unit.Return(p)); lost != nil {
			err = errors.Join(err, fmt.Errorf("models: Nested: return to the savepoint: %w", lost))
		}
	}()
	err = fn(s.unit.Within(ctx, inner), inner)
	kept = err == nil
	return err
}

// end waits for the call that is under way and lets no other in.
func (s *Session) end() {
	<-s.lock
	s.over.Store(true)
	s.leave()
}

// outer ends the time in which calls without a ctx are put off, and makes up for them.
func (s *Session) outer() {
	for {
		s.mu.Lock()
		later := s.later
		s.later = nil
		if len(later) == 0 {
			s.inner = nil
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		for _, f := range later {
			f()
		}
	}
}

// mark does what has no ctx and needs no operation: now, or when a Nested is over, since
// the caller may be inside of it.
func (s *Session) mark(f func()) {
	s.mu.Lock()
	if s.inner != nil {
		s.later = append(s.later, f)
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	<-s.lock
	s.unit.by = s
	defer s.leave()
	if s.parent != nil && s.over.Load() {
		u := s.unit
		s.parent.mark(func() { u.fail(fmt.Errorf("%w: it was that of a %s that is over", ErrSessionClosed, s.scope)) })
		return
	}
	f()
}

// busy reports whether ctx runs inside a Nested of s that is not over: to wait for s
// would be to wait for oneself.
func (s *Session) busy(ctx context.Context) bool {
	c, _ := s.unit.Inside(ctx).(*Session)
	live := false
	for ; c != nil; c = c.parent {
		if c == s {
			return live
		}
		live = live || !c.over.Load()
	}
	return false
}
