package wasm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"syscall/js"
	"testing"
	"time"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/wasm"
)

// These tests run in a browser: see package integration/browser.

// show is a JavaScript function that writes a value with its type.
var show = js.Global().Get("Function").New("v", `
	const s = (v) =>
		v === null || v === undefined ? String(v) :
		typeof v === "bigint" ? v + "n" :
		Array.isArray(v) ? "[" + v.map(s).join() + "]" :
		v instanceof Uint8Array ? "bytes " + v.join() :
		v instanceof Date ? "date " + v.toISOString() :
		typeof v === "object" ? "{" + Object.entries(v).map(([k, v]) => k + ":" + s(v)).join() + "}" :
		typeof v === "string" ? JSON.stringify(v) : String(v);
	return s(v)`)

type color int

type upper string

func (u upper) MarshalText() ([]byte, error) { return []byte(strings.ToUpper(string(u))), nil }

type note struct {
	ID    int64
	Title string    `json:"title"`
	At    time.Time `json:",omitzero"`
	Big   *uint64   `json:",omitempty"`
	Tags  []string
}

func TestValueOf(t *testing.T) {
	seven, big, text := int64(7), uint64(math.MaxUint64), "x"
	at := time.Date(2024, 2, 29, 1, 2, 3, 456_789_000, time.FixedZone("", 3600))
	var none *note
	for _, c := range []struct {
		v    any
		want string
	}{
		{nil, `null`},
		{none, `null`},
		{[]byte(nil), `null`},
		{map[string]int(nil), `null`},
		{true, `true`},
		{"é\x00\"", `"é\u0000\""`},
		{color(3), `3`},
		{&seven, `7`},
		{&text, `"x"`},
		{int8(-8), `-8`},
		{uint16(9), `9`},
		{int64(1<<53 - 1), `9007199254740991`},
		{int64(1 << 53), `9007199254740992n`},
		{int64(-1<<53 + 1), `-9007199254740991`},
		{int64(math.MinInt64), `-9223372036854775808n`},
		{big, `18446744073709551615n`},
		{1.5, `1.5`},
		{float32(0.5), `0.5`},
		{math.NaN(), `NaN`},
		{math.Inf(-1), `-Infinity`},
		{time.Second, `1000000000`},
		{at, `date 2024-02-29T00:02:03.456Z`},
		{&at, `date 2024-02-29T00:02:03.456Z`},
		{[]byte{1, 0, 255}, `bytes 1,0,255`},
		{[]byte{}, `bytes `},
		{json.RawMessage(`{"a":[1]}`), `{a:[1]}`},
		{upper("abc"), `"ABC"`},
		{struct{}{}, `undefined`},
		{js.ValueOf(5), `5`},
		{[]int{1, 2}, `[1,2]`},
		{[]any{nil, "a", true}, `[null,"a",true]`},
		{[]int64{1 << 60, 2}, `[1152921504606846976n,2]`},
		{map[string]any{"b": 1, "a": 2.5}, `{a:2.5,b:1}`},
		{note{ID: 1, Title: "t"}, `{ID:1,title:"t",Tags:null}`},
		{
			&note{ID: 1 << 62, Title: "12345678901234567890", At: at, Big: &big, Tags: []string{`\"`, "9007199254740993"}},
			`{ID:4611686018427387904n,title:"12345678901234567890",At:"2024-02-29T01:02:03.456789+01:00",Big:18446744073709551615n,Tags:["\\\"","9007199254740993"]}`,
		},
		{[]*note{nil}, `[null]`},
		{[]float64{0.1234567890123456, 1e300, 12345678901234567}, `[0.1234567890123456,1e+300,12345678901234568n]`},
	} {
		v, err := wasm.ValueOf(c.v)
		if err != nil {
			t.Errorf("%T %v: %v", c.v, c.v, err)
			continue
		}
		if got := show.Invoke(v).String(); got != c.want {
			t.Errorf("%T %v: got %s, want %s", c.v, c.v, got, c.want)
		}
	}
	for _, v := range []any{make(chan int), func() {}, []float64{math.NaN()}, complex(1, 1)} {
		if got, err := wasm.ValueOf(v); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%T", v)) {
			t.Errorf("%T: got %v, %v, want an error that names the type", v, got, err)
		}
	}
}

func TestPromise(t *testing.T) {
	pending, settle := async.New[int]()
	p := wasm.Promise(pending)
	time.AfterFunc(time.Millisecond, func() { settle(42, nil) })
	if v, err := wasm.AwaitPromise(t.Context(), p); err != nil || v.Int() != 42 {
		t.Errorf("got %v, %v", v, err)
	}
	if v, err := wasm.AwaitPromise(t.Context(), wasm.Promise(async.Resolved("here"))); err != nil || v.String() != "here" {
		t.Errorf("got %v, %v", v, err)
	}
}

func TestPromiseRejects(t *testing.T) {
	thrown := js.Global().Get("RangeError").New("far")
	for _, c := range []struct {
		p          js.Value
		name, text string
	}{
		{wasm.Promise(async.Failed[int](errors.New("odd"))), "SpillwayError", "odd"},
		{wasm.Promise(async.Failed[int](fmt.Errorf("so: %w", context.Canceled))), "AbortError", "so: context canceled"},
		{wasm.Promise(async.Failed[int](context.DeadlineExceeded)), "TimeoutError", "context deadline exceeded"},
		{wasm.Promise(async.Failed[int](&wasm.Error{Value: thrown})), "RangeError", "far"},
		{wasm.Promise(async.Resolved(make(chan int))), "SpillwayError", "wasm: can not convert chan int to JavaScript: json: unsupported type: chan int"},
		{wasm.Promise[int](nil), "SpillwayError", async.ErrNilFuture.Error()},
	} {
		_, err := wasm.AwaitPromise(t.Context(), c.p)
		e, ok := errors.AsType[*wasm.Error](err)
		if !ok || e.Name != c.name || e.Message != c.text {
			t.Errorf("got %v, want %s: %s", err, c.name, c.text)
			continue
		}
		if !e.Value.InstanceOf(js.Global().Get("Error")) {
			t.Errorf("%s is no Error", e.Name)
		}
	}
	if !wasm.ErrorOf(nil).IsNull() {
		t.Error("the Error of no error is not null")
	}
}

func TestErrorOf(t *testing.T) {
	dup := &spillway.Error{
		Kind: spillway.ErrUnique, Message: "duplicate", Code: "SQLITE_CONSTRAINT_UNIQUE",
		Table: "notes", Column: "title", Constraint: "notes_title_key",
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{dup, `SpillwayError ErrUnique SQLITE_CONSTRAINT_UNIQUE notes title notes_title_key`},
		{fmt.Errorf("commit: %w", dup), `SpillwayError ErrUnique SQLITE_CONSTRAINT_UNIQUE notes title notes_title_key`},
		{errors.Join(spillway.ErrTimeout, spillway.ErrNotStarted), `SpillwayError ErrTimeout - - - -`},
		{spillway.ErrNotFound, `SpillwayError ErrNotFound - - - -`},
		{&spillway.Error{Kind: spillway.ErrCanceled, Err: context.Canceled}, `AbortError ErrCanceled - - - -`},
		{errors.New("plain"), `SpillwayError - - - - -`},
	} {
		v := wasm.ErrorOf(c.err)
		var got []string
		for _, property := range []string{"name", "kind", "code", "table", "column", "constraint"} {
			if p := v.Get(property); p.IsUndefined() {
				got = append(got, "-")
			} else {
				got = append(got, p.String())
			}
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%v: got %s, want %s", c.err, got, c.want)
		}
		if m := v.Get("message").String(); m != c.err.Error() {
			t.Errorf("message %q, want %q", m, c.err)
		}
	}
}

func TestSignalContext(t *testing.T) {
	control := js.Global().Get("AbortController").New()
	ctx, cancel := wasm.SignalContext(t.Context(), control.Get("signal"))
	defer cancel()
	if ctx.Err() != nil {
		t.Fatal(ctx.Err())
	}
	control.Call("abort", js.Global().Get("RangeError").New("enough"))
	<-ctx.Done()
	if e, ok := errors.AsType[*wasm.Error](context.Cause(ctx)); !ok || e.Name != "RangeError" || e.Message != "enough" {
		t.Errorf("cause is %v", context.Cause(ctx))
	}

	again, cancel := wasm.SignalContext(t.Context(), control.Get("signal"))
	defer cancel()
	if again.Err() == nil {
		t.Error("an aborted signal leaves the context alive")
	}

	signal := js.Global().Get("Function").New(`return {
		aborted: false,
		listeners: new Set(),
		addEventListener(event, f) { this.listeners.add(f) },
		removeEventListener(event, f) { this.listeners.delete(f) },
	}`).Invoke()
	ctx, cancel = wasm.SignalContext(t.Context(), signal)
	if n := signal.Get("listeners").Get("size").Int(); n != 1 {
		t.Errorf("%d listeners", n)
	}
	cancel()
	cancel()
	if context.Cause(ctx) != context.Canceled {
		t.Errorf("cause is %v", context.Cause(ctx))
	}
	if n := signal.Get("listeners").Get("size").Int(); n != 0 {
		t.Errorf("%d listeners after cancel", n)
	}
	ctx, cancel = wasm.SignalContext(t.Context(), js.Undefined())
	if cancel(); ctx.Err() == nil {
		t.Error("cancel did nothing")
	}
}

func TestExport(t *testing.T) {
	remove := wasm.Export("testExport", func(ctx context.Context, args []js.Value) (any, error) {
		switch args[0].String() {
		case "add":
			return args[1].Int() + args[2].Int(), nil
		case "promise": // waits, which a callback could not
			return wasm.AwaitPromise(ctx, args[1])
		case "wait":
			<-ctx.Done()
			return nil, context.Cause(ctx)
		case "panic":
			panic("oh")
		}
		return nil, errors.New("what?")
	})
	call := func(body string) (js.Value, error) {
		return wasm.AwaitPromise(t.Context(), js.Global().Get("Function").New(body).Invoke())
	}
	if v, err := call(`return testExport("add", 2, 3)`); err != nil || v.Int() != 5 {
		t.Errorf("add: %v, %v", v, err)
	}
	if v, err := call(`return testExport("promise", new Promise((r) => setTimeout(() => r("late"), 2)))`); err != nil || v.String() != "late" {
		t.Errorf("promise: %v, %v", v, err)
	}
	for body, want := range map[string]string{
		`const c = new AbortController(); const p = testExport("wait", c.signal); c.abort(); return p`:                      "AbortError",
		`const c = new AbortController(); const p = testExport("wait", c.signal); c.abort(new RangeError("far")); return p`: "RangeError: far",
		`return testExport("wait", AbortSignal.timeout(1))`:                                                                 "TimeoutError",
		`return testExport("panic")`: "panicked: oh",
		`return testExport("else")`:  "SpillwayError: what?",
		`return testExport()`:        "index out of range",
	} {
		if _, err := call(body); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", body, err, want)
		}
	}
	remove()
	remove()
	if !js.Global().Get("testExport").IsUndefined() {
		t.Error("the function is still there")
	}
}

func TestManyPromises(t *testing.T) {
	remove := wasm.Export("testMany", func(_ context.Context, args []js.Value) (any, error) { return args[0].Int() * 2, nil })
	defer remove()
	sum, err := wasm.AwaitPromise(t.Context(), js.Global().Get("Function").New(`
		return Promise.all(Array.from({length: 1000}, (_, i) => testMany(i))).then((l) => l.reduce((a, b) => a + b))`).Invoke())
	if err != nil || sum.Int() != 999*1000 {
		t.Errorf("sum %v, %v", sum, err)
	}
}
