package models

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/pool"
)

// Merge copies the state of an object of unknown origin, such as one that came as JSON or
// from a cache, onto the session's object with the same key, and returns that. If the
// session does not have it, it is read; if there is no such row, or the key is still to be
// made by the database, it is a new object that the next flush inserts. x itself stays
// outside of the session; if it is inside already, it is returned as it is.
//
// All columns are copied, zero values too. Of these a created, updated or version column
// that is zero in x is left as it is; a version that is not, and not that of the row, is
// [ErrStale]. The objects in x's relations are merged too, and so on; circles end. A
// relation that x has loaded, or a literal has something in, replaces that of the session's
// object; of one that is not loaded only what was added and removed counts.
//
// h has to be a session: on the database itself write with [Insert] and OnConflict.
func Merge[T any](ctx context.Context, h Handle, x *T) (*T, error) {
	return valueAt[*T](mergeOn(ctx, h, reflect.TypeFor[T](), x, unsafe.Pointer(x)))
}

func mergeOn(ctx context.Context, h Handle, typ reflect.Type, x any, obj unsafe.Pointer) (unsafe.Pointer, error) {
	return perform(ctx, h, func(t Target) steps { return merge(t, typ, x, obj) })
}

// CallMerge compiles [Merge].
func CallMerge[T any](t Target, x *T) link.Chain[*T] {
	return chainOf[*T](merge(t, reflect.TypeFor[T](), x, unsafe.Pointer(x)))
}

// merge are the steps of a Merge of x, which points to obj.
func merge(t Target, typ reflect.Type, x any, obj unsafe.Pointer) steps {
	m := &merging{u: t.unit(), root: obj, of: map[unsafe.Pointer]*merged{}}
	switch {
	case m.u == nil:
		m.err = errors.New("models: Merge is for a session: on the database itself use Insert with OnConflict")
	case obj == nil:
		m.err = fmt.Errorf("models: Merge of a nil %T", x)
	default:
		_, _, m.err = m.u.object("Merge", x)
		m.typ = func() (*table, error) { return m.u.e.registry.table(typ) }
	}
	return lately(m, true)
}

// settles implements steps.
func (c *merging) settles() bool { return true }

// value implements steps.
func (c *merging) value() (unsafe.Pointer, error) {
	if err := c.finish(); err != nil {
		return nil, err
	}
	return unsafe.Pointer(&c.of[c.root].obj), nil
}

// merging is Merge as steps: a flight for the rows, and one for the relations that are
// to be replaced.
type merging struct {
	u    *Unit
	root unsafe.Pointer
	typ  func() (*table, error)
	all  []*merged // in the order in which they were met
	of   map[unsafe.Pointer]*merged

	op    pool.Op
	loads *loader
	state callState
	err   error
}

// merged is an object that is merged.
type merged struct {
	t     *table
	given unsafe.Pointer
	obj   unsafe.Pointer // the session's
	rec   *record        // of it; nil while it is not known
	row   *freshRow      // what was read
	rels  []mergedRelation
	skip  []*field // foreign keys that relations set
}

// mergedRelation is what a given object says about a relation.
type mergedRelation struct {
	rel         *relation
	whole       bool // items is all there is; else only the changes count
	items, gone []unsafe.Pointer
	node        *loadNode // loads that of the session's object
}

func (c *merging) spoil(err error) {
	if c.err == nil {
		c.err = err
	}
}

// Next implements steps.
func (c *merging) Next() *pool.Op {
	switch c.state {
	case callNew:
		c.state = callEnded
		if c.err == nil {
			c.err = c.u.ready()
		}
		if c.err == nil {
			c.err = c.prepare()
		}
		if c.err != nil {
			return nil
		}
		if len(c.op.Statements) > 0 {
			c.state = callSent
			return &c.op
		}
		return c.relations()
	case callSent:
		if c.err = c.op.Outcome(); c.err != nil {
			c.state = callEnded
			return nil
		}
		return c.relations()
	case callLoads:
		if op := c.loads.Next(); op != nil {
			return op
		}
		c.err, c.state = c.loads.err, callEnded
	}
	return nil
}

// relations loads what relations of the session's objects are to be replaced.
func (c *merging) relations() *pool.Op {
	c.state = callEnded
	if c.loads = c.loader(); c.loads == nil {
		return nil
	}
	c.state = callLoads
	if c.loads.level = c.loads.ready(c.loads.nodes); c.loads.err != nil {
		c.err, c.state = c.loads.err, callEnded
		return nil
	}
	return c.Next()
}

// prepare walks through what is given, and asks for the rows that the session does not
// have.
func (c *merging) prepare() error {
	t, err := c.typ()
	if err != nil {
		return err
	}
	if err := c.visit(t, c.root); err != nil {
		return err
	}
	for i := 0; i < len(c.all); i++ { // which grows on the way
		m := c.all[i]
		if m.obj != nil {
			continue // the session has this very object
		}
		if err := c.known(m); err != nil {
			return err
		}
		for _, rel := range m.t.relations {
			if err := c.visitRelation(m, rel); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *merging) visit(t *table, given unsafe.Pointer) error {
	if c.of[given] != nil {
		return nil
	}
	m := &merged{t: t, given: given}
	if r := c.u.recordOf(t, given); r != nil && r.state != transient && r.state != deleted {
		m.obj, m.rec = given, r
	}
	c.of[given] = m
	c.all = append(c.all, m)
	return nil
}

// known looks an object up in the session, and asks for its row if that has to be read.
func (c *merging) known(m *merged) error {
	key := make([]driver.Value, len(m.t.key))
	for i, f := range m.t.key {
		v, err := f.value(m.given)
		if err != nil {
			return err
		}
		key[i] = v
	}
	if m.t.auto != nil && m.t.auto.zero(m.t.auto.at(m.given)) {
		return nil
	}
	if r := c.u.known(m.t, key); r != nil {
		return nil
	}
	m.row = &freshRow{rec: &record{origin: origin{t: m.t}}}
	c.op.Statements = append(c.op.Statements, driver.Statement{SQL: m.t.rereads[c.u.e.dialect], Args: key, Class: driver.Read, Sink: m.row})
	return nil
}

// visitRelation notes what a given object says about a relation.
func (c *merging) visitRelation(m *merged, rel *relation) error {
	w := rel.words(m.given)
	st, ch := w.load(), w.pending()
	literal := (*origin)(w.owner) == nil
	r := mergedRelation{rel: rel}
	switch {
	case st != nil && st.mark == markLoaded, ch != nil && ch.set, literal && ch != nil && len(ch.added) > 0:
		r.whole = true
		items, err := w.items()
		if err != nil {
			return nil // not known
		}
		r.items = slices.Clone(items)
	case !ch.empty():
		r.items, r.gone = slices.Clone(ch.added), slices.Clone(ch.removed)
	default:
		return nil
	}
	if err := rel.ready(); err != nil {
		return err
	}
	for _, x := range append(clip(r.items), r.gone...) {
		if err := c.visit(rel.target, x); err != nil {
			return err
		}
		if rel.kind == hasMany || rel.kind == hasOne {
			kid := c.of[x]
			kid.skip = append(kid.skip, rel.fk)
		}
	}
	if rel.kind == belongsTo {
		m.skip = append(m.skip, rel.fk)
	}
	m.rels = append(m.rels, r)
	return nil
}

// loader loads the relations that are to be replaced as a whole, by the keys of what is
// given, which are those of the session's objects.
func (c *merging) loader() *loader {
	l := &loader{e: c.u.e, u: c.u}
	for _, m := range c.all {
		if m.row != nil && m.row.into == nil {
			continue // new
		}
		for i := range m.rels {
			r := &m.rels[i]
			if !r.whole || r.rel.kind == belongsTo {
				continue
			}
			r.node = l.node(Loading{rel: r.rel, how: loadSelectIn}, nil)
			r.node.kids = nil
			r.node.parents = []unsafe.Pointer{m.given}
			l.nodes = append(l.nodes, r.node)
		}
	}
	if len(l.nodes) == 0 {
		return nil
	}
	return l
}

// finish brings the session's objects up to date.
func (c *merging) finish() error {
	u := c.u
	if c.op.Statements != nil {
		u.sent(&c.op)
	}
	if c.loads != nil && c.loads.flown {
		u.sent(&c.loads.op)
	}
	if c.err != nil {
		return c.err
	}
	for _, m := range c.all {
		if m.obj == nil {
			c.place(m)
		}
		if err := m.fits(); err != nil {
			return err
		}
	}
	for _, m := range c.all {
		if m.obj == m.given {
			continue
		}
		if err := m.copy(); err != nil {
			return err
		}
		if m.rec == nil {
			if err := u.insert(m.t, m.obj); err != nil {
				return err
			}
			m.rec = u.recordOf(m.t, m.obj)
		}
	}
	for _, m := range c.all {
		for i := range m.rels {
			if n := m.rels[i].node; n != nil && m.rec.state == persistent {
				n.finish([]unsafe.Pointer{m.obj})
			}
		}
	}
	for _, m := range c.all {
		for i := range m.rels {
			if err := c.relate(m, &m.rels[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// place finds the session's object, or makes one.
func (c *merging) place(m *merged) {
	u := c.u
	if m.t.auto == nil || !m.t.auto.zero(m.t.auto.at(m.given)) {
		r := u.identityOf(m.t).at(m.t, m.given)
		if r == nil {
			for _, p := range u.pending {
				if p.t == m.t && p.t.keyBytes(p.obj) == m.t.keyBytes(m.given) {
					r = p
					break
				}
			}
		}
		switch {
		case r == nil && m.row != nil && m.row.into != nil:
			r = &record{snap: m.t.clone(m.row.into)}
			u.manage(r, m.t, m.row.into)
		case r != nil && m.row != nil && m.row.into != nil && r.epoch != u.epoch:
			r.refresh(m.row.into, false, nil)
			r.epoch = u.epoch
			u.arrive(m.t, r.obj)
		}
		if r != nil {
			m.rec, m.obj = r, r.obj
			return
		}
	}
	for _, other := range c.all { // given twice, and new
		if other != m && other.t == m.t && other.obj != nil && other.rec == nil && m.t.auto == nil && m.t.keyBytes(other.given) == m.t.keyBytes(m.given) {
			m.obj = other.obj
			return
		}
	}
	m.obj = m.t.new()
}

// fits checks the version.
func (m *merged) fits() error {
	f := m.t.version
	if f == nil || m.rec == nil || m.obj == m.given || f.zero(f.at(m.given)) || f.same(f.at(m.given), f.at(m.obj)) {
		return nil
	}
	return fmt.Errorf("%w: Merge: the row of this %s has another version: it was changed meanwhile", ErrStale, m.t.facts.Model)
}

// copy gives the session's object the values of the given one, without sharing memory.
func (m *merged) copy() error {
	var p *partial
	if o := m.t.originOf(m.given); o != nil {
		p = o.partial
	}
	for _, f := range m.t.fields {
		from := f.at(m.given)
		if m.rec != nil && !f.generated && !m.t.isKey(f) && !slices.Contains(m.skip, f) && (p.sets(f) || m.rec.partial.lacks(f) && !p.lacks(f)) {
			m.rec.partial = m.rec.partial.touch(m.t, f) // unlike the session, the given one knows it
		}
		switch {
		case p.lacks(f) && f.zero(from):
			continue // nobody knows what it is
		case f.generated, m.rec != nil && m.t.isKey(f):
			continue
		case (f.created || f.updated || f == m.t.version || slices.Contains(m.skip, f)) && f.zero(from):
			continue
		case slices.Contains(m.skip, f) && m.rec != nil && m.rec.state == persistent:
			continue // it follows the relation
		case !f.deep:
			f.move(f.at(m.obj), from)
			continue
		}
		v, err := f.value(m.given)
		if err != nil {
			return fmt.Errorf("models: Merge: %w", err)
		}
		if have, err := f.encode(f.at(m.obj)); err == nil && sameValue(have, v) {
			continue
		}
		fresh := m.t.new()
		if v.Kind() != driver.KindNull {
			if err := f.decode(valueRow{v}, 0, f.at(fresh)); err != nil {
				return fmt.Errorf("models: Merge: %s: %w", f.path, err)
			}
		}
		f.move(f.at(m.obj), f.at(fresh))
	}
	return nil
}

// relate brings a relation of the session's object in line.
func (c *merging) relate(m *merged, r *mergedRelation) error {
	rel, w := r.rel, r.rel.words(m.obj)
	want := make([]unsafe.Pointer, 0, len(r.items))
	for _, x := range r.items {
		want = append(want, c.of[x].obj)
	}
	if rel.kind == belongsTo {
		var to unsafe.Pointer
		if len(want) > 0 {
			to = want[0]
		}
		if w.target() != to || w.load() == nil {
			rel.refer(m.obj, to)
		}
		return nil
	}
	have, err := w.items()
	if err != nil && r.whole {
		return err
	}
	have = slices.Clone(have)
	gone := r.gone
	if r.whole {
		gone = nil
		for _, x := range have {
			if !slices.Contains(want, x) {
				gone = append(gone, x)
			}
		}
	} else {
		gone = slices.Clone(gone)
		for i, x := range gone {
			gone[i] = c.of[x].obj
		}
	}
	for _, x := range gone {
		rel.unrelate(m.obj, x)
	}
	for _, x := range want {
		if !slices.Contains(have, x) {
			rel.relate(m.obj, x)
		}
	}
	return nil
}
