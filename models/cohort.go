package models

import (
	"context"
	"fmt"
	"sync"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/pool"
)

// cohortSize bounds how many objects one lazy load serves, and how many an object that
// is kept keeps with it.
const cohortSize = 10_000

// A cohort is objects of one table that came with the same result: a lazy load for one
// of them serves all.
type cohort struct {
	e    *Engine
	t    *table
	objs []unsafe.Pointer

	mu      sync.Mutex
	flights map[*relation]chan struct{} // loads under way
	shared  link.Flights                // the same of package async
}

// gather makes cohorts of the objects of a result.
func gather(e *Engine, t *table, objs []unsafe.Pointer) {
	if len(t.relations) == 0 {
		return
	}
	for len(objs) > 0 {
		n := min(len(objs), cohortSize)
		c := &cohort{e: e, t: t, objs: objs[:n:n]}
		for _, obj := range c.objs {
			if o := t.originOf(obj); o != nil {
				o.cohort.Store(c)
			}
		}
		objs = objs[n:]
	}
}

// lazy loads a relation unless it is loaded.
func (w *words) lazy(ctx context.Context) error {
	o, rel := w.origin()
	for {
		if ok, err := w.answers(o, rel); ok || err != nil {
			return err
		}
		c := o.cohort.Load()
		if c == nil {
			return carry(ctx, o, rel)
		}
		flight, mine := c.fly(rel)
		if mine {
			defer c.land(rel, flight)
			if ok, err := w.answers(o, rel); ok || err != nil {
				return err
			}
			return carry(ctx, o, rel)
		}
		select {
		case <-flight:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// carry has the load of a relation carried out where the object is from.
func carry(ctx context.Context, o *origin, rel *relation) error {
	if o.rec == nil {
		_, err := do[struct{}](ctx, o.cohort.Load().e, newLazy(o, rel))
		return err
	}
	if h := o.rec.owner.host; h != nil {
		return h.Carry(ctx, newLazy(o, rel))
	}
	return fmt.Errorf("%w: %s", ErrDetached, rel)
}

// fly enters a load, or returns the one that is under way; the channel is closed when
// that has ended.
func (c *cohort) fly(rel *relation) (flight chan struct{}, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if flight = c.flights[rel]; flight != nil {
		return flight, false
	}
	if c.flights == nil {
		c.flights = map[*relation]chan struct{}{}
	}
	flight = make(chan struct{})
	c.flights[rel] = flight
	return flight, true
}

func (c *cohort) land(rel *relation, flight chan struct{}) {
	c.mu.Lock()
	delete(c.flights, rel)
	c.mu.Unlock()
	close(flight)
}

// answers reports whether a relation need not be loaded, or why it can not be.
func (w *words) answers(o *origin, rel *relation) (bool, error) {
	st := w.load()
	switch {
	case st != nil && st.mark == markRaise:
		return false, fmt.Errorf("%w: %s was loaded with Raise", ErrNotLoaded, rel)
	case st != nil && (st.owner == nil || st.epoch == st.owner.epoch.Load()):
		return true, nil
	case o == nil && st != nil:
		return true, nil
	case o == nil && w.fresh() && w.pending() != nil:
		return true, nil // a literal knows what was put into it
	case o == nil:
		return false, fmt.Errorf("%w: this relation is that of a literal or of a copy", ErrDetached)
	case w.fresh():
		return true, nil
	case o.rec != nil && !o.rec.live():
		if st != nil {
			return true, nil
		}
		return false, fmt.Errorf("%w: %s: its session was closed; add the object to another one", ErrDetached, rel)
	case o.rec == nil && o.cohort.Load() == nil:
		return false, fmt.Errorf("%w: %s", ErrDetached, rel)
	}
	return false, nil
}

// loading makes the operation of a load for package async.
func loading[R any](w *words, read func() (R, error)) link.Loading[R] {
	l := link.Loading[R]{Read: read}
	o, rel := w.origin()
	ok, err := w.answers(o, rel)
	switch {
	case ok || err != nil:
		l.Err = err
	case o.rec != nil:
		l.Host, l.Chain = o.rec.owner.host, newLazy(o, rel)
		if l.Host == nil {
			l.Err = fmt.Errorf("%w: %s", ErrDetached, rel)
		}
	default:
		l.Runner, l.Chain = o.cohort.Load().e.connections, newLazy(o, rel)
	}
	if l.Chain != nil {
		l.Key, l.Flights = rel, new(link.Flights)
		if c := o.cohort.Load(); c != nil {
			l.Flights = &c.shared
		}
	}
	return l
}

// lazyLoad is the chain of a lazy load.
type lazyLoad struct {
	o    *origin
	rel  *relation
	u    *Unit
	l    *loader
	objs []unsafe.Pointer
	f    *flush
	step uint8
	err  error
}

func newLazy(o *origin, rel *relation) link.Chain[struct{}] {
	c := &lazyLoad{o: o, rel: rel}
	if o.rec != nil {
		return withLate[struct{}](lazyManaged{c}, rel.target.owned())
	}
	return withLate[struct{}](c, rel.target.owned())
}

// Next implements link.Chain.
func (c *lazyLoad) Next() *pool.Op {
	for {
		switch c.step {
		case 0:
			if c.o.rec != nil {
				if c.u = c.o.rec.owner.unit; c.u == nil {
					c.err = ErrSessionClosed
					return nil
				}
				if c.err = c.u.ready(); c.err != nil {
					return nil
				}
				if c.u.options.Autoflush && c.u.stale(nil, false) {
					c.f = &flush{u: c.u}
				}
			}
			c.step = 1
		case 1:
			if c.f != nil {
				if op := c.f.Next(); op != nil {
					return op
				}
				if c.err = c.f.err; c.err != nil {
					return nil
				}
			}
			c.step = 2
			if c.err = c.start(); c.err != nil || c.l == nil {
				return nil
			}
		default:
			if c.l == nil {
				return nil
			}
			op := c.l.Next()
			if op == nil {
				c.err = c.l.err
			}
			return op
		}
	}
}

// start collects the siblings that need the load.
func (c *lazyLoad) start() error {
	if err := c.rel.ready(); err != nil {
		return err
	}
	if c.o.rec != nil && c.o.rec.state != persistent && c.o.rec.state != deleting {
		return fmt.Errorf("%w: %s", ErrDetached, c.rel)
	}
	if ok, err := c.rel.words(c.o.self).answers(c.o, c.rel); ok || err != nil {
		return err
	}
	c.objs = []unsafe.Pointer{c.o.self}
	images := []unsafe.Pointer{c.o.self}
	if co := c.o.cohort.Load(); co != nil {
		for _, obj := range co.objs {
			if obj != c.o.self && c.fits(obj) {
				c.objs = append(c.objs, obj)
				images = append(images, c.image(obj))
			}
		}
	}
	e := (*Engine)(nil)
	if c.u != nil {
		e = c.u.e
	} else {
		e = c.o.cohort.Load().e
	}
	c.l = &loader{e: e, u: c.u}
	c.l.nodes = []*loadNode{c.l.node(Loading{rel: c.rel, how: loadSelectIn}, nil)}
	c.l.begin(images)
	return c.l.err
}

// fits reports whether a sibling has nothing loaded and is of the same session.
func (c *lazyLoad) fits(obj unsafe.Pointer) bool {
	o := c.rel.t.originOf(obj)
	if o == nil || o.self != obj {
		return false
	}
	if c.u != nil && (o.rec == nil || o.rec.owner != c.u.owner || o.rec.state != persistent) {
		return false
	}
	st := c.rel.words(obj).load()
	return st == nil || st.mark == markLoaded && st.owner != nil && st.epoch != st.owner.epoch.Load()
}

// image is what the keys of a sibling are read from: in a session a copy of its own, for
// the object belongs to somebody else.
func (c *lazyLoad) image(obj unsafe.Pointer) unsafe.Pointer {
	if o := c.rel.t.originOf(obj); o.rec != nil && o.rec.snap != nil {
		return o.rec.snap
	}
	return obj
}

// Result implements link.Chain.
func (c *lazyLoad) Result() (z struct{}, err error) {
	if c.err == nil && c.l != nil {
		c.l.finish(c.objs)
	}
	return z, c.err
}

// lazyManaged is a lazyLoad in a session.
type lazyManaged struct{ *lazyLoad }

// Finish implements link.Finisher.
func (m lazyManaged) Finish() (z struct{}, err error) {
	if m.f != nil {
		if err := m.f.finish(); err != nil {
			m.err = err
		}
	}
	if m.u == nil {
		return z, m.err
	}
	if m.l != nil && m.l.flown {
		m.u.sent(&m.l.op)
	}
	m.err = m.u.behind(m.err)
	return m.Result()
}
