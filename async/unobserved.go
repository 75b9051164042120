package async

import (
	"runtime"
	"sync/atomic"
)

var (
	unobserved     atomic.Uint64
	unobservedHook atomic.Pointer[func(error)]
)

// Unobserved is the number of futures of this process that failed and were collected
// by the garbage collector without anybody having looked at the error. Looking is Await,
// Wait or Poll, or having made another future of it. It only grows; it lags behind, as
// the collector does.
func Unobserved() uint64 { return unobserved.Load() }

// OnUnobserved makes fn hear of every error that is counted by [Unobserved], for
// futures that fail from now on; nil ends that. It is a debugging aid: fn runs on the
// runtime's goroutine for cleanups and must be quick. There is one hook per process; the
// previous one is returned.
func OnUnobserved(fn func(err error)) (previous func(err error)) {
	var p *func(error)
	if fn != nil {
		p = &fn
	}
	if old := unobservedHook.Swap(p); old != nil {
		return *old
	}
	return nil
}

// A mark tells whether the error of a future was looked at. It lives apart from the
// future, so that it is there when the future is gone.
type mark struct {
	seen atomic.Bool
	err  error // only for the hook: an error may lead to the future and keep it alive
}

func newMark[T any](f *Future[T], err error) *mark {
	m := new(mark)
	if unobservedHook.Load() != nil {
		m.err = err
	}
	runtime.AddCleanup(f, (*mark).count, m)
	return m
}

func (m *mark) count() {
	if m.seen.Load() {
		return
	}
	unobserved.Add(1)
	if fn := unobservedHook.Load(); fn != nil && m.err != nil {
		(*fn)(m.err)
	}
}
