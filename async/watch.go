package async

import "context"

// Awaitable is a *[Future] of any type, for places that hold futures of several types.
// Nothing else implements it.
type Awaitable interface {
	Wait(ctx context.Context) error
	Done() <-chan struct{}
	Cancel(cause error) bool

	// watch makes w hear of the end; at once if it is there.
	watch(w *watch)
	unwatch(w *watch)
	// failure is the error a settled future settled with, as looked at.
	failure() error
	// ignore says that nobody will look at the error.
	ignore()
	lend(ctx context.Context)
	missing() bool
}

// A watch ties a future to one that is made of it. It is a link of the list that hangs
// from the watched future and is guarded by its mutex.
type watch struct {
	prev, next *watch
	to         watcher
	i          int // which of the watcher's futures
}

// A watcher hears of the end of futures. notice is called once for each watch, on the
// goroutine that settled the future, often a worker: it must not block nor run user
// code.
type watcher interface {
	notice(w *watch)
}

func (f *Future[T]) watch(w *watch) {
	f.mu.Lock()
	if f.settled.Load() {
		f.mu.Unlock()
		w.to.notice(w)
		return
	}
	w.next = f.watches
	if w.next != nil {
		w.next.prev = w
	}
	f.watches = w
	f.mu.Unlock()
}

// unwatch takes w out, so that a future that lives long does not collect what was made
// of it. If f is settling just now, w may be told nevertheless.
func (f *Future[T]) unwatch(w *watch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.settled.Load():
		return
	case w.prev != nil:
		w.prev.next = w.next
	case f.watches == w:
		f.watches = w.next
	default:
		return
	}
	if w.next != nil {
		w.next.prev = w.prev
	}
	w.prev, w.next = nil, nil
}

func (f *Future[T]) failure() error {
	_, err := f.result()
	return err
}

func (f *Future[T]) ignore() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = true
	if f.mark != nil {
		f.mark.seen.Store(true)
	}
}

// pending returns what f waits for.
func (f *Future[T]) pending() (source, bool) {
	if f.settled.Load() {
		return nil, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.src, !f.settled.Load()
}

func (f *Future[T]) lend(ctx context.Context) {
	if src, ok := f.pending(); ok && src != nil {
		src.lend(ctx)
	}
}

func (f *Future[T]) missing() bool { return f == nil }
