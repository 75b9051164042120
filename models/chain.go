package models

import (
	"context"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/pool"
)

// Steps are what a [link.Chain] does, apart from the type of its result: a verb is
// compiled and carried out by code that every type shares.
type steps interface {
	// Next is that of link.Chain.
	Next() *pool.Op
	// settles reports whether value runs user code or changes a session: then it is the
	// last step of a link.Finisher, and never for a worker.
	settles() bool
	// value ends the chain, and returns where its result is.
	value() (unsafe.Pointer, error)
}

// chain is steps to a T.
type chain[T any] struct{ steps }

// Result implements link.Chain.
func (c chain[T]) Result() (T, error) { return valueAt[T](c.value()) }

func (c chain[T]) inner() steps { return c.steps }

// settling is a chain with a last step that is not for workers.
type settling[T any] struct{ chain[T] }

// Finish implements link.Finisher.
func (c settling[T]) Finish() (T, error) { return c.Result() }

// chainOf returns steps, whose result is a T, as what they are to be driven as.
func chainOf[T any](s steps) link.Chain[T] {
	if s.settles() {
		return settling[T]{chain[T]{s}}
	}
	return chain[T]{s}
}

// valueAt reads the result of steps.
func valueAt[T any](p unsafe.Pointer, err error) (v T, _ error) {
	if err == nil {
		v = *(*T)(p)
	}
	return v, err
}

// innermost is what is in a chain that has only a type around it.
func innermost(c any) any {
	if w, ok := c.(interface{ inner() steps }); ok {
		return w.inner()
	}
	return c
}

// perform is a verb on a handle: it compiles the steps, carries them out in the calling
// goroutine, hooks included, and returns where the result is.
func perform(ctx context.Context, h Handle, compile func(t Target) steps) (unsafe.Pointer, error) {
	t, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer h.leave()
	s := compile(t)
	prelude(ctx, s)
	drive(ctx, t, s)
	return s.value()
}

// prelude does what comes before the first step of a chain.
func prelude(ctx context.Context, c any) {
	attend(ctx, c)
	if f, ok := innermost(c).(foregoing); ok {
		f.forego(ctx)
	}
}

// drive carries out the operations of a chain.
func drive(ctx context.Context, t Target, c interface{ Next() *pool.Op }) {
	r := RunnerOf(t)
	for op := c.Next(); op != nil; op = c.Next() {
		_ = r.Do(ctx, op) // the chain looks at it
		if op.Outcome() != nil && ctx.Err() != nil {
			// What follows cleans up; it must not fail because the caller has left. The
			// connection's own timeouts bound it.
			ctx = context.WithoutCancel(ctx)
		}
	}
}
