package wasm

import (
	"context"
	"errors"
	"syscall/js"

	"github.com/spillwaydb/spillway"
)

// ErrorOf makes a JavaScript Error of a Go error:
//
//	message   the text of err
//	name      "AbortError" if a context was canceled, "TimeoutError" if its deadline
//	          passed (as fetch names them), otherwise "SpillwayError"
//	kind      the error's name in package spillway, such as "ErrUnique"; absent if it has none
//
// and what a database told, where it did: code, table, column, constraint.
//
// An err that came from JavaScript is returned as it was thrown. A nil err is null.
func ErrorOf(err error) js.Value {
	switch e := err.(type) { //nolint // wrapped, it has more to say than the value itself
	case nil:
		return js.Null()
	case *Error:
		return e.Value
	}
	v := js.Global().Get("Error").New(err.Error())
	switch {
	case errors.Is(err, context.Canceled):
		v.Set("name", "AbortError")
	case errors.Is(err, context.DeadlineExceeded):
		v.Set("name", "TimeoutError")
	default:
		v.Set("name", "SpillwayError")
	}
	set := func(property, text string) {
		if text != "" {
			v.Set(property, text)
		}
	}
	set("kind", kindOf(err))
	if e, ok := errors.AsType[*spillway.Error](err); ok {
		set("code", e.Code)
		set("table", e.Table)
		set("column", e.Column)
		set("constraint", e.Constraint)
	}
	return v
}
