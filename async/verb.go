package async

import (
	"context"
	"fmt"

	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// Handle is what a verb works on: a *spillway.DB, on which each call is a unit of its own
// (no identity map, committed at once, in no order), or a *[Session]. To wrap one, embed
// it.
type Handle interface {
	target() (*models.Engine, *Session)
}

// Direct makes what embeds it a [Handle] on which each call is a unit of its own. It is
// for the root package's DB.
type Direct struct{ engine *models.Engine }

// NewDirect returns a Direct over an engine.
func NewDirect(e *models.Engine) Direct { return Direct{e} }

func (d Direct) target() (*models.Engine, *Session)   { return d.engine, nil }
func (s *Session) target() (*models.Engine, *Session) { return nil, s }

// submit has a compiled verb carried out.
func submit[T any](ctx context.Context, h Handle, kind jobKind, compile func(t models.Target) link.Chain[T]) *Future[T] {
	e, s := h.target()
	if s != nil {
		return send(ctx, s, kind, compile(s.unit))
	}
	return start(ctx, models.RunnerOf(e), compile(e))
}

// send puts a verb into the mailbox of a session.
func send[T any](ctx context.Context, s *Session, kind jobKind, chain link.Chain[T]) *Future[T] {
	if s.busy(ctx) {
		return Failed[T](errInside)
	}
	models.Attend(ctx, chain)
	if models.Blocks(s.unit, chain) && kind == changing {
		return carry(ctx, s, chain)
	}
	v := &verb[T]{box: &s.box}
	v.ctx, v.runner, v.chain, v.host, v.src = ctx, s.runner, chain, v, v
	v.job = job{work: v, ctx: ctx, kind: kind}
	s.box.submit(&v.job)
	return &v.Future
}

// verb is an operation of a session.
type verb[T any] struct {
	operation[T]
	box    *mailbox
	job    job
	broken error // how user code kept the first step from being made
}

// begin implements work: the first step of the chain looks at the unit.
func (v *verb[T]) begin() {
	v.word.Store(stepPin)
	call(func() (*pool.Op, error) { return v.chain.Next(), nil }, func(first *pool.Op, err error) {
		if err != nil {
			v.broken = err
			v.ended(false)
			return
		}
		v.drive(first, false)
	})
}

// ended implements host.
func (v *verb[T]) ended(lent bool) { v.box.ended(&v.job, lent) }

// conclude implements work: the last step of the chain changes the unit.
func (v *verb[T]) conclude() {
	chain := v.chain
	v.chain = nil
	var zero T
	if v.broken != nil {
		v.settle(zero, v.broken)
	} else if f, ok := chain.(link.Finisher[T]); ok {
		v.last(f.Finish)
	} else {
		v.last(chain.Result)
	}
}

// refuse implements work.
func (v *verb[T]) refuse(reason error) {
	var zero T
	v.settle(zero, notStarted(reason))
}

// notStarted is the end of work that never began.
func notStarted(reason error) error { return fmt.Errorf("%w: %w", pool.ErrNotStarted, reason) }

// stop implements work.
func (v *verb[T]) stop(cause error) bool { return v.operation.cancel(cause) }

// cancel implements source.
func (v *verb[T]) cancel(cause error) bool {
	if v.box.withdraw(&v.job, cause) {
		v.ignore()
		return true
	}
	return v.stop(cause)
}
