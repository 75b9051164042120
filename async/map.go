package async

import "context"

// Map returns the future of fn applied to the value of f. fn runs once, whether or not
// anybody waits, in a goroutine of its own that starts when f has settled with a value;
// if f fails, Map's future fails with the same error and fn never runs. Cancel settles
// Map's future at once, keeps an fn that has not started from running, drops the result
// of one that has, and cancels f.
func Map[T, U any](f *Future[T], fn func(T) (U, error)) *Future[U] {
	return derive(f, func(v T, out *Future[U]) {
		call(func() (U, error) { return fn(v) }, func(u U, err error) { out.settle(u, err) })
	})
}

// Then returns the future of the future that fn makes of the value of f: the way to
// start an operation with the result of another. fn runs exactly as in [Map], so a chain
// of Then that nobody awaits runs to its end. Cancel settles Then's future at once and
// cancels f, or the future that fn has returned or is about to return.
func Then[T, U any](f *Future[T], fn func(T) *Future[U]) *Future[U] {
	return derive(f, func(v T, out *Future[U]) {
		var inner *Future[U]
		call(func() (struct{}, error) {
			inner = fn(v)
			switch inner {
			case nil:
				return struct{}{}, ErrNilFuture
			case out:
				return struct{}{}, errOwnFuture
			}
			return struct{}{}, nil
		}, func(_ struct{}, err error) {
			if err != nil {
				var zero U
				out.settle(zero, err)
				return
			}
			out.follow(inner)
		})
	})
}

// derive makes a future of f: run is started in a goroutine with f's value.
func derive[T, U any](f *Future[T], run func(T, *Future[U])) *Future[U] {
	if f == nil {
		return Failed[U](ErrNilFuture)
	}
	d := &derived[T, U]{from: f, run: run, out: new(Future[U])}
	d.out.src = d
	d.w.to = d
	f.watch(&d.w)
	return d.out
}

// derived ties the future of Map or Then to the one it is made of.
type derived[T, U any] struct {
	from *Future[T]
	w    watch
	run  func(T, *Future[U])
	out  *Future[U]
}

func (d *derived[T, U]) notice(*watch) {
	v, err := d.from.result()
	if err != nil {
		var zero U
		d.out.settle(zero, err)
		return
	}
	go d.start(v)
}

func (d *derived[T, U]) start(v T) {
	if !d.out.settled.Load() {
		d.run(v, d.out)
	}
}

func (d *derived[T, U]) cancel(cause error) bool {
	won := d.out.abandon(cause)
	d.from.Cancel(cause)
	return won
}

func (d *derived[T, U]) lend(ctx context.Context) { d.from.lend(ctx) }

// follow makes the result of inner the result of f.
func (f *Future[T]) follow(inner *Future[T]) {
	l := &follower[T]{inner: inner, out: f}
	l.w.to = l
	f.mu.Lock()
	if !f.settled.Load() {
		f.src = l
	}
	f.mu.Unlock()
	inner.watch(&l.w)
	if f.settled.Load() { // perhaps canceled while inner was being made
		inner.Cancel(f.err)
	}
}

// follower is the source of a future whose result is that of another.
type follower[T any] struct {
	inner *Future[T]
	w     watch
	out   *Future[T]
}

func (l *follower[T]) notice(*watch) { l.out.settle(l.inner.result()) }

func (l *follower[T]) cancel(cause error) bool {
	won := l.out.abandon(cause)
	l.inner.Cancel(cause)
	return won
}

func (l *follower[T]) lend(ctx context.Context) { l.inner.lend(ctx) }
