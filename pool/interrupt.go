package pool

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// interrupt lets a running operation be stopped from outside without a
// context.WithCancel for each operation, which would be the largest part of its cost.
// Together with the operation's own context it forms the context that a driver sees:
// see runContext.
type interrupt struct {
	mu    sync.Mutex
	cause error
	done  chan struct{} // made when somebody asks for it
	funcs []func()      // what AfterFunc registered
	stop  func() bool   // ends the watch over the operation's own context
	run   uint          // counts runs, so that a late watch can not hit the next one
}

func (i *interrupt) reset() {
	i.mu.Lock()
	i.cause, i.done, i.funcs, i.stop = nil, nil, nil, nil
	i.run++
	i.mu.Unlock()
}

// fire interrupts with cause; the first cause wins.
func (i *interrupt) fire(cause error) {
	if cause == nil {
		cause = context.Canceled
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fireLocked(cause)
}

func (i *interrupt) fireLocked(cause error) {
	if i.cause != nil {
		return
	}
	i.cause = cause
	if i.done != nil {
		close(i.done)
	}
	for _, f := range i.funcs {
		go f() // as context.AfterFunc does: f may take its time
	}
	i.funcs = nil
}

// release ends the watch over the operation's context when it has run.
func (i *interrupt) release() {
	i.mu.Lock()
	stop := i.stop
	i.stop, i.funcs = nil, nil
	i.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// runContext is the context in which an operation runs: its own, or an interrupt,
// whichever ends first. It costs nothing until somebody asks for Done or AfterFunc.
type runContext Op

var _ context.Context = (*runContext)(nil)

func (c *runContext) Deadline() (time.Time, bool) { return c.ctx.Deadline() }

func (c *runContext) Value(key any) any { return c.ctx.Value(key) }

// Err is the cause of an interrupt itself, so that context.Cause finds it.
func (c *runContext) Err() error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	c.interrupt.mu.Lock()
	defer c.interrupt.mu.Unlock()
	if c.interrupt.cause != nil {
		return context.Canceled
	}
	return nil
}

// Cause returns why the context ended, nil while it lasts.
func (c *runContext) Cause() error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	c.interrupt.mu.Lock()
	defer c.interrupt.mu.Unlock()
	return c.interrupt.cause
}

func (c *runContext) Done() <-chan struct{} {
	i := &c.interrupt
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.done == nil {
		i.done = make(chan struct{})
		if i.cause != nil {
			close(i.done)
		} else {
			c.watch()
		}
	}
	return i.done
}

// AfterFunc makes context.AfterFunc work without a goroutine of its own.
func (c *runContext) AfterFunc(f func()) (stop func() bool) {
	i := &c.interrupt
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.cause != nil {
		go f()
		return func() bool { return false }
	}
	state := new(afterFunc)
	i.funcs = append(i.funcs, func() {
		if state.claim() {
			f()
		}
	})
	c.watch()
	return state.claim
}

// watch makes the end of the operation's own context fire the interrupt. Called with
// interrupt.mu held.
func (c *runContext) watch() {
	if c.interrupt.stop == nil && c.ctx.Done() != nil {
		ctx, i := c.ctx, &c.interrupt
		run := i.run
		i.stop = context.AfterFunc(ctx, func() {
			i.mu.Lock()
			defer i.mu.Unlock()
			if i.run == run {
				i.fireLocked(context.Cause(ctx))
			}
		})
	}
}

// afterFunc is claimed once: by the interrupt that runs it or by the stop that prevents
// it.
type afterFunc struct {
	mu   sync.Mutex
	gone bool
}

func (a *afterFunc) claim() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	first := !a.gone
	a.gone = true
	return first
}

// fired reports whether the operation was interrupted.
func (i *interrupt) fired() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.cause != nil
}

// explain puts the cause of an interrupt beside the driver's "canceled", which can not know
// it, and beside the loss of a connection that did not obey: in the answers, and in err, the
// end of the operation, which it returns.
func (op *Op) explain(err error) error {
	op.interrupt.mu.Lock()
	cause := op.interrupt.cause
	op.interrupt.mu.Unlock()
	if cause == nil {
		return err
	}
	for i := range op.Statements {
		s := &op.Statements[i]
		s.Err = explained(s.Err, cause)
	}
	return explained(err, cause)
}

func explained(err, cause error) error {
	for _, kind := range [...]driver.Kind{driver.ErrCanceled, driver.ErrOutcomeUnknown, driver.ErrConnectionLost} {
		if errors.Is(err, kind) && !errors.Is(err, cause) {
			return fmt.Errorf("%w: %w", cause, err)
		}
	}
	return err
}
