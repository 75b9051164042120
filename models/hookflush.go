package models

import (
	"context"
	"fmt"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/pool"
)

// foregoing is a chain that runs hooks before its first step. That may block: on who
// carries out a whole chain in one goroutine, never on a worker.
type foregoing interface{ forego(ctx context.Context) }

// attentive is a chain that wants to know the ctx of its verb, for hooks.
type attentive interface{ attend(ctx context.Context) }

// Attend tells a chain the ctx of its verb. It is for package async.
func Attend[T any](ctx context.Context, c link.Chain[T]) { attend(ctx, c) }

func attend(ctx context.Context, c any) {
	if a, ok := innermost(c).(attentive); ok {
		a.attend(ctx)
	}
}

// Blocks reports whether a chain may run hooks of the unit's objects, which needs a
// goroutine: then it is for [Carry]. It is for package async.
func Blocks[T any](u *Unit, c link.Chain[T]) bool {
	if l, ok := c.(*lateChain[T]); ok {
		c = l.Chain
	}
	return u.e.registry.tables.Load().hooked && foregoes(c)
}

// foregoes reports whether a chain may run hooks before its first step.
func foregoes(c any) bool {
	s := innermost(c)
	if l, ok := s.(*lateSteps); ok {
		s = l.steps
	}
	_, ok := s.(foregoing)
	return ok
}

// A hookRun is a flush with the hooks of the objects in it.
type hookRun struct {
	u    *Unit
	done map[hookCall]bool
}

// A hookCall is a hook of a write: an object, and what is to happen to it.
type hookCall struct {
	r *record
	h hook // beforeInsert, beforeUpdate or beforeDelete
}

// foregone runs the hooks of what is pending. If hooks are to run behind the writes too
// it does the writes; else it leaves them to the flush that comes next.
func (u *Unit) foregone(ctx context.Context) error {
	if !u.e.registry.tables.Load().hooked || u.ready() != nil || u.bad != nil {
		return nil
	}
	h := &hookRun{u: u, done: map[hookCall]bool{}}
	calls, err := h.before(ctx)
	if err == nil && needAfter(calls) {
		err = h.flush(ctx, calls)
	}
	if err != nil {
		u.drop()
	}
	return err
}

// drop forgets the new objects that hooks have added: the hooks will run again.
func (u *Unit) drop() {
	kept := u.pending[:0]
	for _, r := range u.pending {
		if !r.hook {
			kept = append(kept, r)
			continue
		}
		r.state = transient
		u.untie(r)
	}
	clear(u.pending[len(kept):])
	u.pending = kept
}

func needAfter(calls []hookCall) bool {
	for _, c := range calls {
		if c.r.t.hooks.has(c.h + afterInsert - beforeInsert) {
			return true
		}
	}
	return false
}

// before calls the hooks that come before the writes, until they ask for no more of
// these.
func (h *hookRun) before(ctx context.Context) (all []hookCall, err error) {
	for range maxHookRounds {
		calls, err := h.upcoming()
		if err != nil || len(calls) == 0 {
			return all, err
		}
		all = append(all, calls...)
		if err := h.call(ctx, calls, func(ctx context.Context, c hookCall) error { return c.r.t.before(ctx, c.h, c.r.obj) }); err != nil {
			return nil, err
		}
	}
	return nil, errManyHooks
}

// call calls hooks with a session of their own.
func (h *hookRun) call(ctx context.Context, calls []hookCall, f func(ctx context.Context, c hookCall) error) error {
	ctx, end := h.u.lend(ctx, scopeHook)
	defer end()
	for _, c := range calls {
		if err := f(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// upcoming lists what the next flush will do to objects with hooks that were not called.
func (h *hookRun) upcoming() (calls []hookCall, err error) {
	u := h.u
	g, err := u.gather()
	if err != nil {
		return nil, err
	}
	take := func(r *record, k hook) {
		c := hookCall{r, k}
		if r.t.hooks&writeHooks != 0 && !h.done[c] {
			h.done[c] = true
			calls = append(calls, c)
		}
	}
	for _, r := range u.pending {
		take(r, beforeInsert)
	}
	for t, id := range u.ids {
		if t.hooks&writeHooks == 0 {
			continue
		}
		for _, r := range id.all {
			if r.state != persistent || g.lost[r] {
				continue
			}
			changed, _, err := g.moved(r, r.changed(nil))
			if err != nil {
				return nil, err
			}
			if len(changed) > 0 {
				take(r, beforeUpdate)
			}
		}
	}
	for _, r := range u.doomed {
		take(r, beforeDelete)
	}
	for _, r := range g.orphans {
		take(r, beforeDelete)
	}
	return calls, nil
}

// flush writes, calls the hooks behind the writes, and goes on while these have made
// something to write. If one of them fails all of it is taken back.
func (h *hookRun) flush(ctx context.Context, calls []hookCall) (err error) {
	u := h.u
	mark, own, point := undoMark{len(u.undo), len(u.relUndo)}, u.lease == nil, ""
	if !own {
		point = u.point()
		if err := u.send(ctx, savepointStatement("SAVEPOINT "+point)); err != nil {
			return err
		}
	}
	kept := false
	defer func() { // also when a hook ends its goroutine
		if kept {
			return
		}
		if back := h.takeBack(ctx, mark, own, point); back != nil && err != nil {
			err = fmt.Errorf("%w (and taking it back: %w)", err, back)
		}
	}()
	for range maxHookRounds {
		from := len(u.undo)
		if _, err := carryOut(ctx, u, link.Chain[struct{}](&flushChain{f: flush{u: u}})); err != nil {
			return err
		}
		wrote := make(map[*record]state, len(u.undo)-from)
		for _, un := range u.undo[from:] {
			if _, twice := wrote[un.rec]; !twice {
				wrote[un.rec] = un.from
			}
		}
		err := h.call(ctx, calls, func(ctx context.Context, c hookCall) error {
			if from, ok := wrote[c.r]; !ok || from != writtenFrom[c.h] {
				return nil
			}
			return c.r.t.call(ctx, c.h+afterInsert-beforeInsert, c.r.obj)
		})
		if err != nil {
			return err
		}
		if !u.stale(nil, false) {
			kept = true
			if point != "" {
				return u.send(ctx, releaseStatement(point))
			}
			return nil
		}
		if u.bad != nil {
			err, u.bad = u.bad, nil
			return err
		}
		if calls, err = h.before(ctx); err != nil {
			return err
		}
	}
	return errManyHooks
}

// writtenFrom is the state that an object was in before a write.
var writtenFrom = [...]state{beforeInsert: pending, beforeUpdate: persistent, beforeDelete: deleting}

// takeBack undoes a flush whose hooks failed. The changes are still pending.
func (h *hookRun) takeBack(ctx context.Context, mark undoMark, own bool, point string) (err error) {
	u := h.u
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), u.e.drain())
	defer cancel()
	switch {
	case u.lease == nil:
	case own:
		err = u.send(ctx, driver.Statement{SQL: "ROLLBACK", Class: driver.Rollback})
		u.release()
		u.lost = nil
	default:
		lost := u.lost
		if err = u.send(ctx, savepointStatement("ROLLBACK TO SAVEPOINT "+point), releaseStatement(point)); err == nil {
			u.lost = nil
		} else if u.lost = lost; lost == nil {
			u.lost = err
		}
	}
	u.takeBack(mark, true)
	return err
}

// send carries statements out on the unit's connection.
func (u *Unit) send(ctx context.Context, sts ...driver.Statement) error {
	op := &pool.Op{Role: driver.Writer, Continuation: true, Label: u.options.Label}
	op.Statements = sts
	_ = unitRunner{u}.Do(ctx, op)
	u.sent(op)
	return op.Outcome()
}

// forego runs the hooks of a flush.
func (f *flush) forego(ctx context.Context) { f.refused = f.u.foregone(ctx) }

func (c *flushChain) forego(ctx context.Context) { c.f.forego(ctx) }
func (c *saving) forego(ctx context.Context)     { c.f.forego(ctx) }

func (c *createManaged) forego(ctx context.Context) {
	if c.enlist() {
		c.f.forego(ctx)
	}
}

// forego runs the hooks of the autoflush that comes before a query.
func (c *call) forego(ctx context.Context) {
	if u := c.u; u != nil && u.options.Autoflush && u.ready() == nil && u.stale(c.tables, c.newOnly) {
		if err := u.foregone(ctx); err != nil {
			c.err, c.state = err, callEnded
		}
	}
}

func (c *lazyLoad) forego(ctx context.Context) {
	if c.o.rec == nil {
		return
	}
	if u := c.o.rec.owner.unit; u != nil && u.options.Autoflush && u.ready() == nil && u.stale(nil, false) {
		if err := u.foregone(ctx); err != nil {
			c.err, c.step = err, 2
		}
	}
}
