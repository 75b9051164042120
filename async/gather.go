package async

import (
	"context"
	"fmt"
	"sync/atomic"
)

// Gather returns the future of all values, in the order of fs. If one fails, its error
// is the result and the others are canceled with [ErrNotNeeded]. In any case the future
// settles only when all of fs have, so nothing of it is running afterwards. Cancel
// cancels all of fs. Gather of nothing is an empty slice.
func Gather[T any](fs ...*Future[T]) *Future[[]T] {
	return gather(parts(fs), func() []T {
		vs := make([]T, len(fs))
		for i, f := range fs {
			vs[i] = f.val
		}
		return vs
	})
}

// A Pair is the result of [Gather2].
type Pair[A, B any] struct {
	First  A
	Second B
}

// Gather2 is [Gather] for two futures of different types.
func Gather2[A, B any](a *Future[A], b *Future[B]) *Future[Pair[A, B]] {
	return gather([]Awaitable{a, b}, func() Pair[A, B] { return Pair[A, B]{a.val, b.val} })
}

// A Triple is the result of [Gather3].
type Triple[A, B, C any] struct {
	First  A
	Second B
	Third  C
}

// Gather3 is [Gather] for three futures of different types.
func Gather3[A, B, C any](a *Future[A], b *Future[B], c *Future[C]) *Future[Triple[A, B, C]] {
	return gather([]Awaitable{a, b, c}, func() Triple[A, B, C] { return Triple[A, B, C]{a.val, b.val, c.val} })
}

// An Outcome is what one future settled with.
type Outcome[T any] struct {
	Value T
	Err   error
}

// Settle returns the future of what became of each of fs, in their order. It waits for
// all, cancels none and never fails by itself. Cancel cancels all of fs and reports
// whether it decided the outcome of at least one.
func Settle[T any](fs ...*Future[T]) *Future[[]Outcome[T]] {
	ps := parts(fs)
	if f := refuse[[]Outcome[T]](ps); f != nil {
		return f
	}
	out := new(Future[[]Outcome[T]])
	return join(out, &all{parts: ps, done: func(error) {
		os := make([]Outcome[T], len(fs))
		for i, f := range fs {
			os[i].Value, os[i].Err = f.result()
		}
		out.settle(os, nil)
	}})
}

func gather[T any](ps []Awaitable, value func() T) *Future[T] {
	if f := refuse[T](ps); f != nil {
		return f
	}
	out := new(Future[T])
	return join(out, &all{parts: ps, strict: true, done: func(err error) {
		var v T
		if err == nil {
			v = value()
		}
		out.settle(v, err)
	}})
}

// join starts waiting for all parts, after which a.done settles out.
func join[T any](out *Future[T], a *all) *Future[T] {
	out.src = a
	a.open.Store(int64(len(a.parts)) + 1)
	ws := make([]watch, len(a.parts))
	for i, p := range a.parts {
		ws[i].to, ws[i].i = a, i
		p.watch(&ws[i])
	}
	a.close()
	return out
}

// all is the source of a future that waits for all its parts.
type all struct {
	parts  []Awaitable
	strict bool        // the first error is the result and cancels the rest
	done   func(error) // called once, when all parts have settled
	open   atomic.Int64
	first  atomic.Pointer[error] // what decided the result
}

func (a *all) notice(w *watch) {
	if a.strict {
		if err := a.parts[w.i].failure(); err != nil && a.first.CompareAndSwap(nil, &err) {
			a.cancelAll(ErrNotNeeded)
		}
	}
	a.close()
}

func (a *all) close() {
	if a.open.Add(-1) > 0 {
		return
	}
	var none error
	a.first.CompareAndSwap(nil, &none)
	a.done(*a.first.Load())
}

func (a *all) cancel(cause error) bool {
	if a.strict {
		won := a.first.CompareAndSwap(nil, &cause)
		a.cancelAll(cause)
		return won
	}
	return a.cancelAll(cause)
}

func (a *all) cancelAll(cause error) (any bool) {
	for _, p := range a.parts {
		if p.Cancel(cause) {
			any = true
		}
	}
	return any
}

func (a *all) lend(ctx context.Context) {
	for _, p := range a.parts {
		p.lend(ctx)
	}
}

func parts[T any](fs []*Future[T]) []Awaitable {
	ps := make([]Awaitable, len(fs))
	for i, f := range fs {
		ps[i] = f
	}
	return ps
}

// refuse returns a failed future if one of ps is nil. The others are left alone.
func refuse[T any](ps []Awaitable) *Future[T] {
	for i, p := range ps {
		if p.missing() {
			return Failed[T](fmt.Errorf("%w (argument %d of %d)", ErrNilFuture, i+1, len(ps)))
		}
	}
	return nil
}
