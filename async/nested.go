package async

import (
	"context"
	"errors"
	"fmt"

	"github.com/spillwaydb/spillway/models"
)

// Begin opens the session's transaction with options; see [models.Session.Begin].
func (s *Session) Begin(ctx context.Context, o models.TxOptions) *Future[struct{}] {
	return send(ctx, s, changing, s.unit.Begin(o))
}

// Nested runs fn in a part of the session's transaction that can fail by itself; see
// [models.Session.Nested]. fn runs in a goroutine of its own, with a session that works on
// the same objects; what is not awaited when it returns is carried out before Nested
// ends, or canceled if fn failed. Meanwhile the calls of s wait; those that are made with
// the ctx of fn fail with models.ErrSessionBusy instead. A panic of fn is a [PanicError].
func (s *Session) Nested(ctx context.Context, fn func(ctx context.Context, inner *Session) error) *Future[struct{}] {
	if s.busy(ctx) {
		return Failed[struct{}](errInside)
	}
	n := &nesting{s: s, fn: fn}
	n.ctx, n.stopped = context.WithCancelCause(ctx)
	n.src = n
	n.job = job{work: n, ctx: ctx, kind: changing}
	s.box.submit(&n.job)
	return &n.Future
}

var errInside = fmt.Errorf("%w: inside Nested use the session that it hands out, in a hook models.HookSession", models.ErrSessionBusy)

// nesting is the work of a Nested. The unit is its own from begin to conclude: nothing
// else of the session runs then.
type nesting struct {
	Future[struct{}]
	s       *Session
	fn      func(ctx context.Context, inner *Session) error
	job     job
	ctx     context.Context
	stopped context.CancelCauseFunc
	err     error
}

// begin implements work.
func (n *nesting) begin() {
	n.s.inside.Add(1)
	go n.run()
}

func (n *nesting) run() {
	s := n.s
	defer func() {
		n.stopped(nil)
		s.inside.Add(-1)
		s.box.ended(&n.job, false)
	}()
	p, err := models.Carry(n.ctx, s.unit, s.unit.Save())
	if err != nil {
		n.err = err
		return
	}
	inner := &Session{
		unit: s.unit, runner: s.runner, drain: s.drain,
		gone: make(chan struct{}), label: s.label, scope: "Nested", parent: s,
	}
	call(func() (struct{}, error) {
		return struct{}{}, n.fn(s.unit.Within(n.ctx, inner), inner)
	}, func(_ struct{}, err error) {
		if err == nil { // behind all that fn has not awaited
			err = send(n.ctx, inner, changing, s.unit.Keep(p)).Wait(context.Background())
		}
		idle, _ := inner.box.close()
		<-idle
		inner.over.Store(true)
		close(inner.gone)
		if err == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(n.ctx), s.drain)
		defer cancel()
		if _, lost := models.Carry(ctx, s.unit, s.unit.Return(p)); lost != nil {
			err = errors.Join(err, fmt.Errorf("async: Nested: return to the savepoint: %w", lost))
		}
		n.err = err
	})
}

// conclude implements work.
func (n *nesting) conclude() { n.settle(struct{}{}, n.err) }

// refuse implements work.
func (n *nesting) refuse(reason error) {
	n.stopped(reason)
	n.settle(struct{}{}, notStarted(reason))
}

// stop implements work.
func (n *nesting) stop(cause error) bool {
	n.stopped(cause)
	return false
}

// cancel implements source.
func (n *nesting) cancel(cause error) bool {
	if n.s.box.withdraw(&n.job, cause) {
		n.ignore()
		return true
	}
	return n.stop(cause)
}

// lend implements source: fn has a goroutine of its own.
func (n *nesting) lend(context.Context) {}

// busy reports whether ctx runs inside a Nested of s that is not over: to wait for s
// would be to wait for oneself.
func (s *Session) busy(ctx context.Context) bool {
	if s.unit.InHook(ctx) {
		return true
	}
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

// lent reports an error if ending the transaction is not the caller's business.
func (s *Session) lent(verb, answer string) error {
	if s.scope == "" {
		return nil
	}
	return fmt.Errorf("%w: %s inside %s: return %s from the function instead", models.ErrInner, verb, s.scope, answer)
}

// lentTo returns the session that works for ctx on the objects of s: that of the Nested
// which ctx runs in, else s itself.
func (s *Session) lentTo(ctx context.Context) *Session {
	if in, _ := s.unit.Inside(ctx).(*Session); in != nil && !in.over.Load() {
		return in
	}
	return s
}
