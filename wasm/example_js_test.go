package wasm_test

import (
	"context"
	"fmt"
	"syscall/js"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/wasm"
)

// A function for JavaScript: await greet("Ada").
func ExampleExport() {
	remove := wasm.Export("greet", func(_ context.Context, args []js.Value) (any, error) {
		return "Hello, " + args[0].String(), nil
	})
	defer remove()

	greeting, err := wasm.AwaitPromise(context.Background(), js.Global().Call("greet", "Ada"))
	fmt.Println(greeting, err)
	// Output: Hello, Ada <nil>
}

func ExamplePromise() {
	future, settle := async.New[string]()
	promise := wasm.Promise(future) // hand this to JavaScript
	settle("done", nil)

	value, err := wasm.AwaitPromise(context.Background(), promise)
	fmt.Println(value, err)
	// Output: done <nil>
}
