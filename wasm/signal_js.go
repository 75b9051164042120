package wasm

import (
	"context"
	"sync"
	"syscall/js"

	"github.com/spillwaydb/spillway/internal/promise"
)

// SignalContext returns a context that ends when the AbortSignal does; its cause is the
// signal's reason as an *[Error]. A signal that is undefined or null never ends it. Call
// cancel when the work is done: it ends the context and lets go of the signal.
func SignalContext(parent context.Context, signal js.Value) (ctx context.Context, cancel context.CancelFunc) {
	ctx, end := context.WithCancelCause(parent)
	if !signal.Truthy() {
		return ctx, func() { end(nil) }
	}
	abort := func() { end(promise.ErrorOf(signal.Get("reason"))) }
	if signal.Get("aborted").Bool() {
		abort()
		return ctx, func() {}
	}
	listener := js.FuncOf(func(js.Value, []js.Value) any {
		abort()
		return nil
	})
	signal.Call("addEventListener", "abort", listener)
	var once sync.Once
	return ctx, func() {
		end(nil)
		once.Do(func() {
			signal.Call("removeEventListener", "abort", listener)
			listener.Release()
		})
	}
}

// isSignal reports whether v is an AbortSignal.
func isSignal(v js.Value) bool {
	class := js.Global().Get("AbortSignal")
	return class.Type() == js.TypeFunction && v.InstanceOf(class)
}
