package promise

import (
	"context"
	"syscall/js"
)

type settled struct {
	value js.Value
	err   error
}

// Await waits until the promise p is settled and returns its value, or an *[Error] with
// the reason of its rejection. A p that is no promise is its own value. When ctx ends
// first, Await returns its cause; the promise goes on.
func Await(ctx context.Context, p js.Value) (js.Value, error) {
	if ctx.Err() != nil {
		return js.Undefined(), context.Cause(ctx)
	}
	done := make(chan settled, 1) // never blocks the callback, also if nobody waits any more
	var onValue, onError js.Func
	settle := func(s settled) any {
		onValue.Release()
		onError.Release()
		done <- s
		return nil
	}
	onValue = js.FuncOf(func(_ js.Value, args []js.Value) any {
		return settle(settled{value: first(args)})
	})
	onError = js.FuncOf(func(_ js.Value, args []js.Value) any {
		return settle(settled{err: ErrorOf(first(args))})
	})
	js.Global().Get("Promise").Call("resolve", p).Call("then", onValue, onError)
	select {
	case s := <-done:
		return s.value, s.err
	case <-ctx.Done():
		return js.Undefined(), context.Cause(ctx)
	}
}

func first(args []js.Value) js.Value {
	if len(args) == 0 {
		return js.Undefined()
	}
	return args[0]
}
