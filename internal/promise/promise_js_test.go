package promise

import (
	"context"
	"errors"
	"sync"
	"syscall/js"
	"testing"
	"time"
)

func eval(body string) js.Value { return js.Global().Get("Function").New(body).Invoke() }

func TestAwait(t *testing.T) {
	for body, want := range map[string]string{
		`return Promise.resolve("now")`:                            "now",
		`return new Promise(r => setTimeout(() => r("later"), 5))`: "later",
		`return "no promise"`:                                      "no promise",
		`return {then(r) { r("thenable") }}`:                       "thenable",
	} {
		v, err := Await(t.Context(), eval(body))
		if err != nil || v.String() != want {
			t.Errorf("%s: %v, %v", body, v, err)
		}
	}
}

func TestAwaitRejection(t *testing.T) {
	for body, want := range map[string]Error{
		`return Promise.reject(new TypeError("odd"))`:                      {Name: "TypeError", Message: "odd"},
		`return Promise.reject(new DOMException("gone", "NotFoundError"))`: {Name: "NotFoundError", Message: "gone"},
		`return Promise.reject("text")`:                                    {Name: "Error", Message: "text"},
		`return Promise.reject(7)`:                                         {Name: "Error", Message: "7"},
		`return Promise.reject()`:                                          {Name: "Error", Message: "undefined"},
		`return Promise.reject(null)`:                                      {Name: "Error", Message: "null"},
		`return Promise.reject(Symbol("s"))`:                               {Name: "Error", Message: "a symbol"},
		`return Promise.reject({name: 1, message: {}})`:                    {Name: "Error"},
		`return {get then() { throw new RangeError("then") }}`:             {Name: "RangeError", Message: "then"},
	} {
		_, err := Await(t.Context(), eval(body))
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Name != want.Name || e.Message != want.Message {
			t.Errorf("%s: %v, want %v", body, err, &want)
		}
	}
}

func TestAwaitObeysContext(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(time.Millisecond, func() { cancel(cause) })
	if _, err := Await(ctx, eval(`return new Promise(() => {})`)); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	if _, err := Await(ctx, eval(`return 1`)); !errors.Is(err, cause) {
		t.Errorf("ended context: got %v", err)
	}
}

func TestTry(t *testing.T) {
	_, err := Try(func() js.Value { return eval(`throw new RangeError("far")`) })
	if e, ok := errors.AsType[*Error](err); !ok || e.Name != "RangeError" || e.Message != "far" {
		t.Errorf("got %v", err)
	}
	defer func() {
		if recover() != "go" {
			t.Error("a panic of Go was swallowed")
		}
	}()
	_, _ = Try(func() js.Value { panic("go") })
}

func TestNew(t *testing.T) {
	check := func(t *testing.T) {
		p, resolve, _ := New()
		resolve.Invoke("yes")
		resolve.Invoke("again")
		if v, err := Await(t.Context(), p); err != nil || v.String() != "yes" {
			t.Errorf("resolved: %v, %v", v, err)
		}
		p, _, reject := New()
		reject.Invoke("no")
		if _, err := Await(t.Context(), p); err == nil || err.Error() != "JavaScript: Error: no" {
			t.Errorf("rejected: %v", err)
		}
	}
	t.Run("withResolvers", check)
	t.Run("executor", func(t *testing.T) {
		class := js.Global().Get("Promise")
		old := class.Get("withResolvers")
		class.Set("withResolvers", js.Undefined())
		defer class.Set("withResolvers", old)
		check(t)
		var all sync.WaitGroup
		for range 50 { // each New lets the others run in the middle of it
			all.Go(func() { check(t) })
		}
		all.Wait()
	})
}
