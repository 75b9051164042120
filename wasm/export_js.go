package wasm

import (
	"context"
	"sync"
	"syscall/js"

	"github.com/spillwaydb/spillway/async"
)

// A Func is a Go function that JavaScript may call. The arguments are those of the call;
// the result is converted by [ValueOf].
type Func func(ctx context.Context, args []js.Value) (any, error)

// Export makes fn callable from JavaScript as globalThis[name]. A call returns a promise
// at once, and fn runs in a goroutine, so it may wait for futures and promises. If the
// last argument is an AbortSignal, it is taken off the arguments and ends the ctx of that
// call; otherwise ctx is context.Background(). A panic in fn rejects the promise with an
// [async.PanicError]. remove takes the function away; calling it again does nothing.
//
// Functions of a worker are seen by that worker only; a page reaches them by messages.
func Export(name string, fn Func) (remove func()) {
	exported := js.FuncOf(func(_ js.Value, args []js.Value) any {
		ctx, cancel := context.Background(), context.CancelFunc(func() {})
		if n := len(args); n > 0 && isSignal(args[n-1]) {
			ctx, cancel = SignalContext(ctx, args[n-1])
			args = args[:n-1]
		}
		return Promise(async.Map(async.Resolved(args), func(args []js.Value) (any, error) {
			defer cancel()
			return fn(ctx, args)
		}))
	})
	js.Global().Set(name, exported)
	var once sync.Once
	return func() {
		once.Do(func() {
			if js.Global().Get(name).Equal(exported.Value) {
				js.Global().Delete(name)
			}
			exported.Release()
		})
	}
}
