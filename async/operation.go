package async

import (
	"context"
	"sync/atomic"

	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// start submits the first operation of chain to r and returns the future of the whole
// chain. ctx is the life of all its operations.
func start[T any](ctx context.Context, r pool.Runner, chain link.Chain[T]) *Future[T] {
	models.Attend(ctx, chain)
	o := &operation[T]{ctx: ctx, runner: r, chain: chain}
	o.src = o
	o.word.Store(stepPin)
	o.drive(chain.Next(), false)
	return &o.Future
}

// operation is a future whose source is a chain of operations; one object for both. The
// chain is driven without a goroutine of its own: by whoever starts it, then by whoever
// ends one of its operations, which is a worker or a waiter that lent its goroutine.
//
// The chain may use one pool.Op for all its steps, so nobody may call an operation that
// has ended. Therefore whoever is about to call it (Submit, Lend, Cancel) pins the step;
// if the operation ends meanwhile, the last pin to go drives the chain on.
type operation[T any] struct {
	Future[T]
	ctx    context.Context
	runner pool.Runner
	chain  link.Chain[T] // belongs to who drives the chain, as does writing op
	op     *pool.Op      // the step's; readable by who has pinned it
	host   host          // nil: the operation settles its future itself
	cause  atomic.Pointer[error]
	word   atomic.Uint32
}

// A host has the last step of its operations carried out where it wants.
type host interface {
	// ended is called once, when the chain has no operation left. lent tells that the
	// caller is a waiter that lent its goroutine.
	ended(lent bool)
}

// The parts of operation.word.
const (
	stepSubmitted uint32 = 1 << iota // Submit has returned; Lend and Cancel may pin
	stepEnded                        // the operation ended while pinned
	stepCanceled                     // Cancel was called; stays for the steps to come
	stepFailed                       // an operation ended as a whole; what follows cleans up
	stepLater                        // not the first step

	stepPin  uint32 = 1 << 8 // how many pin the step
	stepPins        = ^(stepPin - 1)
)

// drive submits op, and what the chain has behind it, until an operation is under way.
// The caller drives the chain.
func (o *operation[T]) drive(op *pool.Op, lent bool) {
	for ; op != nil; op = o.chain.Next() {
		if !o.submit(op) {
			return
		}
	}
	o.finish(lent)
}

// submit submits the operation of a step, which it finds pinned. It reports whether that
// has ended already and the caller still drives.
func (o *operation[T]) submit(op *pool.Op) bool {
	w := o.word.Load()
	if w&stepLater != 0 {
		op.Continuation = true
	}
	ctx := o.ctx
	if w&stepFailed != 0 {
		ctx = context.WithoutCancel(ctx)
	}
	o.op = op
	o.runner.Submit(ctx, op, o)
	for {
		w := o.word.Load()
		next := (w | stepSubmitted) - stepPin
		switch {
		case w&stepEnded != 0:
			next = o.step(w)
		case w&(stepCanceled|stepFailed) == stepCanceled: // before there was anything to cancel
			next += stepPin
		}
		if !o.word.CompareAndSwap(w, next) {
			continue
		}
		if w&stepEnded == 0 && next&stepPins != 0 {
			o.interrupt()
		}
		return w&stepEnded != 0
	}
}

// Resolved implements pool.Resolver.
func (o *operation[T]) Resolved(*pool.Op) {
	for {
		w := o.word.Load()
		next, drive := w|stepEnded, w&stepPins == 0
		if drive {
			next = o.step(w)
		}
		if o.word.CompareAndSwap(w, next) {
			if drive {
				o.drive(o.chain.Next(), false)
			}
			return
		}
	}
}

// step is the word of the next step, pinned by its Submit.
func (o *operation[T]) step(w uint32) uint32 {
	if o.op.Err() != nil {
		w |= stepFailed
	}
	return w&(stepCanceled|stepFailed) | stepLater | stepPin
}

// unpin undoes a pin and reports whether that made it drive the chain on.
func (o *operation[T]) unpin(lent bool) bool {
	for {
		w := o.word.Load()
		next := w - stepPin
		drive := next&stepPins == 0 && w&stepEnded != 0
		if drive {
			next = o.step(w)
		}
		if o.word.CompareAndSwap(w, next) {
			if drive {
				o.drive(o.chain.Next(), lent)
			}
			return drive
		}
	}
}

func (o *operation[T]) lend(ctx context.Context) {
	if d := ctx.Done(); d != nil && d != o.ctx.Done() {
		return
	}
	for {
		w := o.word.Load()
		if w&(stepSubmitted|stepEnded) != stepSubmitted {
			return
		}
		if !o.word.CompareAndSwap(w, w+stepPin) {
			continue
		}
		o.op.Lend()
		if !o.unpin(true) {
			return
		}
	}
}

func (o *operation[T]) cancel(cause error) bool {
	o.cause.CompareAndSwap(nil, &cause)
	for {
		w := o.word.Load()
		next := w | stepCanceled
		now := w&(stepSubmitted|stepEnded|stepFailed) == stepSubmitted
		if now {
			next += stepPin
		}
		if o.word.CompareAndSwap(w, next) {
			return now && o.interrupt()
		}
	}
}

// interrupt cancels the operation of a pinned step and unpins it.
func (o *operation[T]) interrupt() bool {
	cause := *o.cause.Load()
	won := o.op.Cancel(cause)
	switch {
	case !won:
	case o.host != nil: // its last step settles
		o.ignore()
	default:
		if o.word.Load()&stepLater == 0 { // nothing ran at all: the pool's error says so
			cause = o.op.Err()
		}
		won = o.abandon(cause)
	}
	o.unpin(false)
	return won
}

// finish goes on when the chain has no operation left.
func (o *operation[T]) finish(lent bool) {
	o.op = nil
	if o.host != nil {
		o.host.ended(lent)
		return
	}
	chain := o.chain
	o.chain = nil
	if f, ok := chain.(link.Finisher[T]); ok { // user code
		go o.last(f.Finish)
		return
	}
	o.settle(chain.Result())
}

// last settles the future with what the last step, which may be user code, makes.
func (o *operation[T]) last(step func() (T, error)) {
	call(step, func(v T, err error) { o.settle(v, err) })
}
