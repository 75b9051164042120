package async

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// maxGroupErrors bounds what a Group remembers; of further errors it keeps the number.
const maxGroupErrors = 64

// A Group is a scope for futures: nothing that was added to it is running after Close.
//
//	var g async.Group
//	defer g.Close(ctx)
//	g.Add(async.Exec(ctx, db, q))
//
// The zero Group is ready for use. All methods may be called from many goroutines.
type Group struct {
	mu     sync.Mutex
	open   map[*member]struct{}
	empty  chan struct{} // made by Close, closed when open is empty
	total  int
	errs   []error
	more   int // errors that are not in errs
	closed bool
}

// member is a future in a group.
type member struct {
	g *Group
	f Awaitable
	w watch
}

// Add takes futures into the group. After Close they are canceled with
// [ErrGroupClosed] instead. A nil future is an error that Close reports.
func (g *Group) Add(fs ...Awaitable) {
	for _, f := range fs {
		if f == nil || f.missing() {
			g.mu.Lock()
			g.fail(ErrNilFuture)
			g.mu.Unlock()
			continue
		}
		m := &member{g: g, f: f}
		m.w.to = m
		g.mu.Lock()
		closed := g.closed
		if !closed {
			if g.open == nil {
				g.open = make(map[*member]struct{})
			}
			g.open[m] = struct{}{}
			g.total++
		}
		g.mu.Unlock()
		if closed {
			f.Cancel(ErrGroupClosed)
			continue
		}
		f.watch(&m.w)
	}
}

// Close takes no more futures, waits until all that were added have settled and returns
// their errors, joined in the order in which they came. When ctx ends first, those
// still pending are canceled with its cause, Close waits for them to settle, and the
// error says how many they were; it then matches [ErrPending] and the cause. Calling
// Close again gives the same answer.
func (g *Group) Close(ctx context.Context) error {
	g.mu.Lock()
	g.closed = true
	if g.empty == nil {
		g.empty = make(chan struct{})
		if len(g.open) == 0 {
			close(g.empty)
		}
	}
	empty := g.empty
	g.mu.Unlock()
	select {
	case <-empty:
	default:
		select {
		case <-empty:
		case <-ctx.Done():
			g.cancel(context.Cause(ctx))
			<-empty
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	errs := g.errs
	if g.more > 0 {
		errs = append(errs[:len(errs):len(errs)], fmt.Errorf("async: and %d more errors", g.more))
	}
	return errors.Join(errs...)
}

// cancel ends what is still pending.
func (g *Group) cancel(cause error) {
	g.mu.Lock()
	late := make([]Awaitable, 0, len(g.open))
	for m := range g.open {
		late = append(late, m.f)
	}
	if len(late) > 0 {
		g.fail(fmt.Errorf("async: %d of %d futures of the group had to be canceled: %w: %w", len(late), g.total, ErrPending, cause))
	}
	g.mu.Unlock()
	for _, f := range late {
		f.Cancel(cause)
	}
}

func (m *member) notice(*watch) {
	err := m.f.failure()
	g := m.g
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil {
		g.fail(err)
	}
	delete(g.open, m)
	if len(g.open) == 0 && g.empty != nil {
		close(g.empty)
	}
}

// fail notes an error; g.mu is held.
func (g *Group) fail(err error) {
	if len(g.errs) == maxGroupErrors {
		g.more++
		return
	}
	g.errs = append(g.errs, err)
}
