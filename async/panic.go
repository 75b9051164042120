package async

import (
	"fmt"
	"runtime/debug"
)

// A PanicError is a panic of a function given to [Map] or [Then]. It becomes the error
// of the future instead of taking the process down in a goroutine that the function's
// author never saw; and it is not thrown again in the waiters, of which there may be
// none or many.
type PanicError struct {
	// Value is what the function panicked with.
	Value any
	// Stack is the stack at that moment, as runtime/debug.Stack prints it.
	Stack []byte
}

// Error returns the value as text; the stack is in Stack.
func (e *PanicError) Error() string { return fmt.Sprintf("async: function panicked: %v", e.Value) }

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// call runs user code and hands over what became of it, whichever way fn ends: by
// returning, by a panic, or by runtime.Goexit, after which the caller does not go on.
func call[T any](fn func() (T, error), settle func(T, error)) {
	var v T
	err := ErrGoexit // stands if nothing below gets to replace it
	defer func() { settle(v, err) }()
	func() {
		defer func() {
			if r := recover(); r != nil { // panic(nil) arrives as *runtime.PanicNilError
				err = &PanicError{Value: r, Stack: debug.Stack()}
			}
		}()
		v, err = fn()
	}()
}
