package wasm

import (
	"context"
	"syscall/js"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/promise"
)

// Promise returns a JavaScript promise of the result of f: it resolves with the value as
// [ValueOf] converts it, and rejects with the error as [ErrorOf] describes it. A value
// that can not be converted rejects the promise, and so does a nil future. It may be
// called in a function that JavaScript called; it does not wait. A promise can not be
// canceled: give the operation a context that ends (see [SignalContext]).
func Promise[T any](f *async.Future[T]) js.Value {
	if f == nil {
		f = async.Failed[T](async.ErrNilFuture)
	}
	p, resolve, reject := promise.New()
	settle := func(v T, err error) {
		var value js.Value
		if err == nil {
			value, err = ValueOf(v)
		}
		if err != nil {
			reject.Invoke(ErrorOf(err))
			return
		}
		resolve.Invoke(value)
	}
	if v, err, ok := f.Poll(); ok {
		settle(v, err)
		return p
	}
	go func() { settle(f.Await(context.Background())) }()
	return p
}

// Error is what JavaScript threw, or rejected a promise with.
type Error = promise.Error

// AwaitPromise waits until the promise p is settled and returns its value, or an
// *[Error] with the reason of its rejection. A p that is no promise is its own value.
// When ctx ends first, AwaitPromise returns its cause and the promise goes on. It must
// not be called in a function that JavaScript called: it would wait for ever.
func AwaitPromise(ctx context.Context, p js.Value) (js.Value, error) {
	return promise.Await(ctx, p)
}
