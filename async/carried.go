package async

import (
	"context"

	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/models"
)

// carry puts a verb that runs hooks into the mailbox of a session.
func carry[T any](ctx context.Context, s *Session, chain link.Chain[T]) *Future[T] {
	c := &carried[T]{s: s, chain: chain}
	c.ctx, c.stopped = context.WithCancelCause(ctx)
	c.src = c
	c.job = job{work: c, ctx: ctx, kind: changing}
	s.box.submit(&c.job)
	return &c.Future
}

// carried is a verb whose hooks may block: it has a goroutine of its own, from begin to
// conclude. Nothing else of the session runs then.
type carried[T any] struct {
	Future[T]
	s       *Session
	chain   link.Chain[T]
	job     job
	ctx     context.Context
	stopped context.CancelCauseFunc
	v       T
	err     error
}

// begin implements work.
func (c *carried[T]) begin() {
	c.s.inside.Add(1)
	go call(func() (T, error) { return models.Carry(c.ctx, c.s.unit, c.chain) }, func(v T, err error) {
		c.v, c.err = v, err
		c.stopped(nil)
		c.s.inside.Add(-1)
		c.s.box.ended(&c.job, false)
	})
}

// conclude implements work.
func (c *carried[T]) conclude() { c.settle(c.v, c.err) }

// refuse implements work.
func (c *carried[T]) refuse(reason error) {
	c.stopped(reason)
	var zero T
	c.settle(zero, notStarted(reason))
}

// stop implements work: the hooks learn it by their ctx.
func (c *carried[T]) stop(cause error) bool {
	c.stopped(cause)
	return false
}

// cancel implements source.
func (c *carried[T]) cancel(cause error) bool {
	if c.s.box.withdraw(&c.job, cause) {
		c.ignore()
		return true
	}
	return c.stop(cause)
}

// lend implements source: the verb has a goroutine of its own.
func (*carried[T]) lend(context.Context) {}
