package sqlite

import (
	"sync/atomic"

	"github.com/ncruces/go-sqlite3"
)

// tracer is told of the statements that SQLite begins.
var tracer atomic.Pointer[func(sql string)]

// Trace has f told of each statement that SQLite itself begins, on connections opened
// from now on, until stop. It is for tests that count statements; f is called by many
// goroutines.
func Trace(f func(sql string)) (stop func()) {
	tracer.Store(&f)
	return func() { tracer.CompareAndSwap(&f, nil) }
}

// trace has a connection tell the tracer, if there is one.
func trace(raw *sqlite3.Conn) {
	if tracer.Load() == nil {
		return
	}
	_ = raw.Trace(sqlite3.TRACE_STMT, func(_ sqlite3.TraceEvent, _, sql any) error {
		if f := tracer.Load(); f != nil {
			(*f)(sql.(string))
		}
		return nil
	})
}
