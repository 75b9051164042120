package models

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/pool"
)

// UnitOptions set up a [Unit].
type UnitOptions struct {
	// Autoflush sends pending changes before a query that could see them.
	Autoflush bool
	// ExpireOnCommit has rows read again after a commit.
	ExpireOnCommit bool
	// Label says where the session was made, for errors and leak reports.
	Label string
	// Host is what the unit belongs to, for loading relations of its objects; nil: they
	// can not be loaded by themselves.
	Host link.Host
}

// A Unit is the unit of work inside a session: the identity map, the states of objects,
// what is to be written, and the transaction. It has no policy on goroutines: whoever
// owns it lets one call at a time in, and lets reads overlap only with reads. It is for
// package async; programs use a [Session].
//
// The chains of a Unit follow package link: the first Next, and Finish, belong to who
// runs the session; the steps between look at answers only.
type Unit struct {
	e       *Engine
	options UnitOptions
	owner   *owner
	lease   *pool.Lease // holds the transaction; nil while there is none
	// guard gives the connection back if the program forgets the unit.
	guard runtime.Cleanup

	ids     map[*table]*identity
	latest  *identity                  // the one of ids that was asked for last
	loose   map[unsafe.Pointer]*record // objects without a hidden word
	pending []*record
	doomed  []*record         // to be deleted
	undo    []undo            // what this transaction did to records
	relUndo []relUndo         // and to their relations
	epoch   uint32            // records read in another one are expired
	points  int               // savepoints so far, for their names
	repeats map[string]repeat // queries so far, by text

	by      *Session  // the blocking session that is inside
	arrived []arrival // objects that were read and wait for their hook

	bad  error // the first mistake of Add or Delete
	lost error // why the transaction is lost
}

// NewUnit makes a unit of work. It takes no connection before its first write.
func NewUnit(e *Engine, o UnitOptions) *Unit {
	u := &Unit{e: e, options: o, owner: &owner{host: o.Host}, ids: map[*table]*identity{}, loose: map[unsafe.Pointer]*record{}}
	u.owner.unit = u
	u.expire()
	return u
}

// expire has every row read again when it is next asked for.
func (u *Unit) expire() {
	u.epoch++
	u.owner.epoch.Store(u.epoch)
}

func (u *Unit) engine() *Engine { return u.e }
func (u *Unit) unit() *Unit     { return u }

// ready reports why the unit can not be used.
func (u *Unit) ready() error {
	switch {
	case u.owner.closed.Load():
		return ErrSessionClosed
	case u.lost != nil:
		return fmt.Errorf("%w (%w)", ErrNeedsRollback, u.lost)
	}
	return nil
}

// unitRunner sends operations to the unit's connection if it has one, else to the pool.
type unitRunner struct{ u *Unit }

func (r unitRunner) of(op *pool.Op) pool.Runner {
	if l := r.u.lease; l != nil && op.Take == nil {
		return l
	}
	return r.u.e.connections
}

// Submit implements pool.Runner.
func (r unitRunner) Submit(ctx context.Context, op *pool.Op, res pool.Resolver) {
	r.of(op).Submit(ctx, op, res)
}

// Do implements pool.Runner.
func (r unitRunner) Do(ctx context.Context, op *pool.Op) error { return r.of(op).Do(ctx, op) }

// begin makes op the first of a transaction, unless one is open. The caller puts
// beginStatement before the others if it answers true.
func (u *Unit) begin(op *pool.Op) bool {
	if u.lease != nil {
		return false
	}
	u.lease = pool.NewLease(u.options.Label)
	u.guard = runtime.AddCleanup(u, (*pool.Lease).Forsake, u.lease)
	op.Take = u.lease
	op.Role = driver.Writer
	return true
}

// sent looks at the end of an operation that may have begun the transaction, or broken
// it.
func (u *Unit) sent(op *pool.Op) {
	if u.lease == nil || op.Outcome() == nil {
		return
	}
	switch {
	case op.Take == u.lease && !u.lease.Held(), op.Take == u.lease && op.Statements[0].Err != nil:
		u.release() // it has not even begun
	case u.lease.Status() != driver.InTx && u.lost == nil:
		if u.lost = u.lease.Cause(); u.lost == nil {
			u.lost = op.Outcome()
		}
	}
}

// behind is the end of a call that ended with err. Where the transaction failed under
// another call while this one was on its way, it is what the call would have been told had
// it waited.
func (u *Unit) behind(err error) error {
	if u.lost == nil || !errors.Is(err, driver.ErrTxAborted) {
		return err
	}
	return u.ready()
}

// release gives the connection back; what is open on it is rolled back.
func (u *Unit) release() {
	if u.lease != nil {
		u.guard.Stop()
		u.lease.Release()
		u.lease, u.points = nil, 0
	}
}

func beginStatement(d dialect.Dialect) driver.Statement {
	if d == dialect.SQLite {
		// Deferred, a transaction that reads first can fail to become a writer for ever.
		return driver.Statement{SQL: "BEGIN IMMEDIATE", Class: driver.Begin}
	}
	return driver.Statement{SQL: "BEGIN", Class: driver.Begin}
}

// Add puts objects under the care of the unit: see [Session.Add].
func (u *Unit) Add(objs ...any) {
	for _, x := range objs {
		u.fail(u.add(x))
	}
}

// fail notes a mistake of a call that returns none, for the next flush to report.
func (u *Unit) fail(err error) {
	if u.bad == nil {
		u.bad = err
	}
}

// object finds the table of an object given as any.
func (u *Unit) object(verb string, x any) (*table, unsafe.Pointer, error) {
	if u.owner.closed.Load() {
		return nil, nil, ErrSessionClosed
	}
	v := reflect.ValueOf(x)
	if v.Kind() != reflect.Pointer || v.Type().Elem().Kind() != reflect.Struct {
		return nil, nil, fmt.Errorf("models: %s(%T): want a pointer to a struct", verb, x)
	}
	if v.IsNil() {
		return nil, nil, fmt.Errorf("models: %s of a nil %T", verb, x)
	}
	t, err := u.e.registry.table(v.Type().Elem())
	if err == nil {
		err = t.keyed()
	}
	if err == nil && x == t.proto {
		err = fmt.Errorf("models: %s of the prototype of %s: it names columns and is no object", verb, t.facts.Model)
	}
	return t, v.UnsafePointer(), err
}

// recordOf returns the record of an object in this unit, nil if it has none.
func (u *Unit) recordOf(t *table, obj unsafe.Pointer) *record {
	if !t.hasOrigin {
		return u.loose[obj]
	}
	if o := t.originOf(obj); o != nil && o.rec != nil && o.rec.owner == u.owner && o.rec.obj == obj {
		return o.rec
	}
	return nil
}

func (u *Unit) add(x any) error {
	t, obj, err := u.object("Add", x)
	if err != nil {
		return err
	}
	return u.addObject(t, obj)
}

func (u *Unit) addObject(t *table, obj unsafe.Pointer) error {
	if r := u.recordOf(t, obj); r != nil {
		switch r.state {
		case deleting:
			r.state, r.purge = persistent, false
			u.doomed = remove(u.doomed, r)
			return nil
		case pending, persistent:
			return nil
		case deleted:
			if r.soft {
				return fmt.Errorf("%w: Add: this %s was deleted in the transaction that is open: commit or roll back first", ErrAttached, t.facts.Model)
			}
		}
	}
	o := t.originOf(obj)
	switch {
	case o == nil: // never loaded, never flushed
		return u.insert(t, obj)
	case o.rec == nil && t.keyHash(obj) != o.key: // a copy with another key
		return u.insert(t, obj)
	case o.rec == nil:
	case o.rec.obj != obj && (o.rec.state != persistent || t.keyHash(obj) != o.key):
		return u.insert(t, obj)
	case o.rec.obj == obj && o.rec.live() && o.rec.owner != u.owner:
		return fmt.Errorf("%w: Add: this %s is in another session that is still open; close that first", ErrAttached, t.facts.Model)
	case o.rec.obj == obj && o.rec.state != persistent && o.rec.state != deleting:
		return u.insert(t, obj)
	}
	_, err := u.attach(t, obj, o, "Add")
	return err
}

// insert makes an object pending.
func (u *Unit) insert(t *table, obj unsafe.Pointer) error {
	r := &record{obj: obj, owner: u.owner, state: pending, epoch: u.epoch, hook: u.by != nil && u.by.scope == scopeHook}
	r.t, r.rec = t, r
	u.tie(r)
	u.pending = append(u.pending, r)
	return u.cascade(r)
}

// attach takes an object over that was read or written before, outside of this unit.
func (u *Unit) attach(t *table, obj unsafe.Pointer, o *origin, verb string) (*record, error) {
	if o.rec.live() && o.rec.owner != u.owner && o.rec.obj == obj {
		return nil, fmt.Errorf("%w: %s: this %s is in another session that is still open; close that first", ErrAttached, verb, t.facts.Model)
	}
	r := &record{obj: obj, owner: u.owner, state: persistent, epoch: u.epoch}
	r.t, r.rec, r.partial = t, r, o.partial
	if o.rec != nil {
		r.snap, r.aux = o.rec.snap, o.rec.aux
	}
	if u.identityOf(t).at(t, r.rowImage()) != nil {
		return nil, fmt.Errorf("%w: %s: the session has another %s with this key; change that one", ErrAttached, verb, t.facts.Model)
	}
	u.enter(r)
	return r, nil
}

// Delete marks objects for deletion: see [Session.Delete].
func (u *Unit) Delete(objs ...any) {
	for _, x := range objs {
		u.fail(u.doom(x, false))
	}
}

// Purge marks objects for deletion for good: see [Session.Purge].
func (u *Unit) Purge(objs ...any) {
	for _, x := range objs {
		u.fail(u.doom(x, true))
	}
}

func (u *Unit) doom(x any, purge bool) error {
	t, obj, err := u.object("Delete", x)
	if err != nil {
		return err
	}
	r := u.recordOf(t, obj)
	if r == nil || r.state == transient || r.state == deleted {
		o := t.originOf(obj)
		if o == nil || o.rec != nil && o.rec.state != persistent && o.rec.state != deleting {
			return fmt.Errorf("%w: Delete: this %s was never read or written; to delete by condition use the query models.Delete", ErrDetached, t.facts.Model)
		}
		if r, err = u.attach(t, obj, o, "Delete"); err != nil {
			return err
		}
	}
	switch r.state {
	case pending:
		u.pending = remove(u.pending, r)
		r.state = transient
		u.untie(r)
	case persistent:
		r.state, r.purge = deleting, purge
		u.doomed = append(u.doomed, r)
	case deleting:
		r.purge = r.purge || purge
	}
	return nil
}

func remove(rs []*record, r *record) []*record {
	for i := range rs {
		if rs[i] == r {
			return append(rs[:i:i], rs[i+1:]...)
		}
	}
	return rs
}

// stale reports whether there are changes to send that a query on tables could see; nil
// means all tables.
func (u *Unit) stale(tables []*table, newOnly bool) bool {
	in := func(t *table) bool {
		if tables == nil {
			return true
		}
		for _, x := range tables {
			if x == t {
				return true
			}
		}
		return false
	}
	for _, r := range u.pending {
		if in(r.t) {
			return true
		}
	}
	if newOnly {
		return false
	}
	if u.bad != nil || u.related() {
		return true
	}
	for _, r := range u.doomed {
		if in(r.t) {
			return true
		}
	}
	for t, id := range u.ids {
		if !in(t) {
			continue
		}
		for _, r := range id.all {
			if r.state == persistent && r.dirty() {
				return true
			}
		}
	}
	return false
}

// Flush sends what is pending, in the unit's transaction.
func (u *Unit) Flush() link.Chain[struct{}] {
	return withLate[struct{}](&flushChain{f: flush{u: u}}, true)
}

// Commit sends what is pending and commits.
func (u *Unit) Commit() link.Chain[struct{}] {
	return withLate[struct{}](&flushChain{f: flush{u: u, commit: true}}, true)
}

// Rollback takes everything back since the last commit.
func (u *Unit) Rollback() link.Chain[struct{}] { return &rollback{u: u} }

// Close rolls back and ends the unit: every later call fails with [ErrSessionClosed].
// Closing again does nothing.
func (u *Unit) Close() link.Chain[struct{}] { return &rollback{u: u, close: true} }
