package promise

import "syscall/js"

// New makes a promise and the functions that settle it; the first call of one of them
// counts.
func New() (p, resolve, reject js.Value) {
	class := js.Global().Get("Promise")
	if class.Get("withResolvers").Type() == js.TypeFunction {
		d := class.Call("withResolvers")
		return d.Get("promise"), d.Get("resolve"), d.Get("reject")
	}
	// Browsers from before 2024. A Go function called by JavaScript that Go called
	// returns only when every other goroutine is idle, so this is the slow way, and what
	// it needs must be its own: another goroutine may get here meanwhile.
	executor := js.FuncOf(func(_ js.Value, args []js.Value) any {
		resolve, reject = args[0], args[1]
		return nil
	})
	defer executor.Release()
	p = class.New(executor)
	return p, resolve, reject
}
