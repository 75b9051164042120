package opfs

import (
	"sync"
	"syscall/js"
)

// bufferSize is the largest piece that crosses in one call. It is SQLite's largest page.
const bufferSize = 1 << 16

// buffer is the one piece of JavaScript memory through which all bytes pass, and the
// argument that names an offset. The mutex is held from filling it to emptying it: two
// databases may be in use, and any allocation may let another goroutine run. The values
// are kept as interfaces too: boxing them anew for every call would be an allocation each.
var buffer struct {
	sync.Mutex
	whole js.Value
	views map[int]view
	at    js.Value
	atArg any
}

// view is the first n bytes of the buffer.
type view struct {
	value js.Value
	arg   any
}

// maxViews bounds the views kept. SQLite uses few lengths: a page, a header of the
// database, of the WAL and of a frame.
const maxViews = 32

// viewOf returns the first n bytes of the buffer; n is at most bufferSize. The buffer is
// locked.
func viewOf(n int) view {
	if v, ok := buffer.views[n]; ok {
		return v
	}
	if buffer.views == nil {
		buffer.whole = js.Global().Get("Uint8Array").New(bufferSize)
		buffer.views = make(map[int]view)
		buffer.at = js.Global().Get("Object").New()
		buffer.atArg = buffer.at
	}
	v := view{value: buffer.whole.Call("subarray", 0, n)}
	v.arg = v.value
	if len(buffer.views) < maxViews {
		buffer.views[n] = v
	}
	return v
}

// offset returns the argument that names an offset; the buffer is locked. JavaScript's numbers are exact up to
// 2^53, beyond any file.
func offset(off int64) any {
	buffer.at.Set("at", float64(off))
	return buffer.atArg
}
