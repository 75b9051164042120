package promise

import "syscall/js"

// An Error is what JavaScript threw, or rejected a promise with.
type Error struct {
	// Name is the error's name, such as "TypeError" or "NotFoundError"; "Error" for a
	// value that is no Error.
	Name string
	// Message is the error's message, or the value as text if it is no Error.
	Message string
	// Value is the thrown value itself.
	Value js.Value
}

// Error returns name and message.
func (e *Error) Error() string {
	if e.Message == "" {
		return "JavaScript: " + e.Name
	}
	return "JavaScript: " + e.Name + ": " + e.Message
}

// ErrorOf describes a thrown value. It never throws, whatever v is.
func ErrorOf(v js.Value) *Error {
	e := &Error{Name: "Error", Value: v}
	switch v.Type() {
	case js.TypeObject, js.TypeFunction:
		if name := v.Get("name"); name.Type() == js.TypeString {
			e.Name = name.String()
		}
		if msg := v.Get("message"); msg.Type() == js.TypeString {
			e.Message = msg.String()
		}
	case js.TypeString:
		e.Message = v.String()
	case js.TypeSymbol:
		e.Message = "a symbol"
	default:
		e.Message = js.Global().Call("String", v).String()
	}
	return e
}

// Try calls f and returns what JavaScript threw in it as an *[Error]. Panics of Go pass
// through.
func Try(f func() js.Value) (v js.Value, err error) {
	defer Catch(&err)
	return f(), nil
}

// Catch, deferred, turns what JavaScript threw into an *[Error] in *err. Panics of Go
// pass through.
func Catch(err *error) {
	switch r := recover().(type) {
	case nil:
	case js.Error:
		*err = ErrorOf(r.Value)
	default:
		panic(r)
	}
}
