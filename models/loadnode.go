package models

import (
	"fmt"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
)

// A loadNode loads one relation for all parents of one level.
type loadNode struct {
	l     *loader
	rel   *relation
	spec  Loading
	above *loadNode
	kids  []*loadNode

	parents []unsafe.Pointer // their keys are read; finish is given those to publish for
	keys    keyIndex
	asked   int       // how many of keys are the parents'; others came in rows
	of      []int32   // the key of each parent, -1 for none
	rowKeys []int32   // the key of each row, -1 for none
	same    *sameKeys // once the database was asked which keys are equal
	st      driver.Statement
	byKey   bool // st names the parents by a list of keys
	sink    objectSink
	pairs   *pairSink // around sink, where rows name the parent's key
	excerpt excerpt
	// sel is the statement that the objects come with, src their source there; nil where
	// it can not be a part of another.
	sel *dialect.Select
	src *dialect.Source
	// Of a joined node: the place of what it belongs to in the statement, 0 for the head,
	// and of each row the object there and its own.
	up          int
	outer       bool // joined by a LEFT JOIN
	seen        keyTuples
	rows, which []int32
	// What belongs to key i are members[starts[i]:starts[i+1]], as indexes into the
	// sink's objects.
	starts, members []int32
}

// prepare makes the statement, and reports whether there is one.
func (n *loadNode) prepare() (bool, error) {
	switch n.spec.how {
	case loadLazy, loadRaise, loadNone, loadJoined:
		return false, nil
	}
	if err := n.collect(); err != nil || n.keys.len() == 0 {
		return false, err
	}
	return true, n.statement()
}

// collect gathers the different keys of the parents.
func (n *loadNode) collect() error {
	f := n.rel.near()
	n.keys = newKeyIndex(f, len(n.parents))
	n.of = make([]int32, len(n.parents))
	for i, p := range n.parents {
		v, ok, err := keyOf(f, p)
		if err != nil {
			return fmt.Errorf("models: %s: %w", n.rel, err)
		}
		n.of[i] = -1
		if ok {
			n.of[i] = n.keys.add(v)
		}
	}
	n.asked = n.keys.len()
	return nil
}

// statement asks for the objects of all keys.
func (n *loadNode) statement() error {
	rel := n.rel
	target := rel.target.source
	sel := dialect.Select{Columns: n.excerpt.columns(target), From: target, Deleted: n.spec.deleted}
	by := n.by()
	n.sink = rel.make.sink(n.excerpt, n.asked, rel.target.hasOrigin && n.l.u == nil)
	joined := joinedBelow(n.kids, 0, nil)
	if n.spec.most > 0 && len(joined) > 0 { // which rows are first is counted before anything is joined
		if err := needed(joined, "what PerParent counts can not be joined"); err != nil {
			return err
		}
		separate(n.kids)
		joined = nil
	}
	head := rowHead(&mainHead{sink: n.sink, excerpt: n.excerpt, merge: many(joined)})
	width := n.excerpt.width()
	var sink driver.Sink = n.sink
	if rel.kind == manyToMany {
		via := rel.via.Load()
		sel.Joins = []dialect.Join{{Source: via.between, On: dialect.Compare{
			L: dialect.Column{Source: via.between, Name: via.other.name}, Op: "=", R: dialect.Column{Source: target, Name: rel.far().name},
		}}}
		sel.Columns = append(sel.Columns, by)
		width++
		n.pairs = &pairSink{n: n, sink: n.sink, excerpt: n.excerpt, key: via.own}
		sink, head = n.pairs, n.pairs
	}
	parents := n.parentQuery()
	if parents == nil {
		parents = dialect.In{X: by, Values: n.keys.values}
	}
	sel.Where = append(sel.Where, parents)
	sel.Where = append(sel.Where, n.spec.filter...)
	sel.OrderBy = n.order()
	w := dialect.NewWriter(n.l.e.dialect)
	defer w.Free()
	if n.spec.most > 0 {
		w.Top(&dialect.Top{Select: &sel, Source: target, By: by, Keyed: n.pairs != nil, Most: dialect.Param{Value: driver.Int64(int64(n.spec.most))}})
	} else {
		if n.sel, n.src = &sel, target; len(joined) > 0 {
			j := joining{l: n.l, src: target, excerpt: n.excerpt, nodes: joined}
			if err := j.add(&sel, width); err != nil {
				return err
			}
			sink = &joinSink{head: head, width: width, nodes: joined}
		}
		w.Select(&sel)
	}
	if err := w.Err(); err != nil {
		return fmt.Errorf("models: %s: %w", rel, err)
	}
	n.st = driver.Statement{SQL: intern(w.Text()), Args: w.Args(), Class: driver.Read, Sink: sink, Foreign: w.Foreign()}
	_, n.byKey = parents.(dialect.In)
	return nil
}

// order is the order of what is loaded, nil for any.
func (n *loadNode) order() []dialect.Node {
	switch {
	case len(n.spec.order) > 0:
		return n.spec.order
	case len(n.rel.order) > 0:
		return n.rel.order
	case n.rel.kind == belongsTo:
		return nil
	}
	// Without an order rows come as the database likes; by key they come alike each time.
	var by []dialect.Node
	for _, k := range n.rel.target.key {
		by = append(by, dialect.Order{X: dialect.Column{Source: n.rel.target.source, Name: k.name}})
	}
	return by
}

// rowField is the field as which the key in a row is read.
func (n *loadNode) rowField() *field {
	if n.rel.kind == manyToMany {
		return n.rel.via.Load().own
	}
	return n.rel.far()
}

// sort finds the keys of the rows that came.
func (n *loadNode) sort() error {
	if n.pairs != nil {
		n.rowKeys = n.pairs.of
		return nil
	}
	f, objs := n.rel.far(), n.sink.objects()
	n.rowKeys = make([]int32, len(objs))
	for i, o := range objs {
		v, ok, err := keyOf(f, o)
		if err != nil {
			return fmt.Errorf("models: %s: %w", n.rel, err)
		}
		n.rowKeys[i] = -1
		if ok {
			n.rowKeys[i] = n.keys.add(v)
		}
	}
	return nil
}

// arrange sorts the answer out by key; that of a joined node by parent.
func (n *loadNode) arrange() {
	of, keys := n.rowKeys, int32(n.asked)
	var which []int32 // of each row its object
	switch {
	case n.spec.how == loadJoined:
		of, which, keys = n.rows, n.which, int32(len(n.parents))
	case n.pairs != nil:
		which = n.pairs.which
	}
	repeats := which != nil
	if n.same != nil {
		of, which = n.same.spread(of, which)
	}
	n.starts = make([]int32, keys+1)
	for _, k := range of {
		if k >= 0 && k < keys {
			n.starts[k+1]++
		}
	}
	for i := range keys {
		n.starts[i+1] += n.starts[i]
	}
	n.members = make([]int32, n.starts[keys])
	next := append([]int32(nil), n.starts...)
	for i, k := range of {
		if k < 0 || k >= keys {
			continue
		}
		n.members[next[k]] = int32(i)
		if which != nil {
			n.members[next[k]] = which[i]
		}
		next[k]++
	}
	if repeats {
		n.once(len(n.sink.objects()))
	}
}

// once drops members that a key has twice: rows of an association that are alike, or
// rows that other joined relations multiplied.
func (n *loadNode) once(objs int) {
	last := make([]int32, objs) // the key, counted from 1, for which an object was met last
	kept := int32(0)
	for k := range len(n.starts) - 1 {
		from, to := n.starts[k], n.starts[k+1]
		n.starts[k] = kept
		for _, m := range n.members[from:to] {
			if last[m] != int32(k+1) {
				last[m] = int32(k + 1)
				n.members[kept] = m
				kept++
			}
		}
	}
	n.starts[len(n.starts)-1] = kept
	n.members = n.members[:kept]
}

// finish publishes what was loaded for parents, which stand where n.parents stood.
func (n *loadNode) finish(parents []unsafe.Pointer) {
	own, epoch := n.l.stamp()
	switch n.spec.how {
	case loadLazy:
		return
	case loadRaise, loadNone:
		st := &relState{owner: own, epoch: epoch, mark: markRaise}
		if n.spec.how == loadNone {
			st.mark = markNone
		}
		for _, p := range parents {
			n.publish(n.rel.words(p), st)
		}
		return
	}
	none := &relState{owner: own, epoch: epoch}
	if n.sink == nil || n.starts == nil {
		for _, p := range parents {
			n.publish(n.rel.words(p), none)
		}
		return
	}
	if n.l.u != nil {
		n.sink.attach(n.l.u)
	}
	n.sink.gather(n.l.e)
	objs := n.sink.objects()
	items := make([]unsafe.Pointer, len(n.members))
	for i, m := range n.members {
		items[i] = objs[m]
	}
	states := make([]relState, len(n.starts)-1)
	for k := range states {
		from, to := n.starts[k], n.starts[k+1]
		if n.rel.kind.one() && to > from {
			to = from + 1
		}
		states[k] = relState{items: items[from:to:to], owner: own, epoch: epoch}
	}
	first := make([]unsafe.Pointer, len(states))
	for i, p := range parents {
		st, k := none, int32(i)
		if n.spec.how != loadJoined {
			k = n.of[i]
		}
		if k >= 0 {
			st = &states[k]
			if first[k] == nil {
				first[k] = p
			}
		}
		n.publish(n.rel.words(p), st)
	}
	for _, k := range n.kids { // what was asked for by name counts more than what is known by the way
		k.finish(objs)
	}
	n.reverse(states, first)
}

// reverse publishes the other side where it is known too: what was loaded for a parent
// refers to that parent.
func (n *loadNode) reverse(states []relState, first []unsafe.Pointer) {
	back := n.rel.back
	if back == nil || !back.kind.one() || n.rel.kind == belongsTo && back.kind != hasOne {
		return
	}
	backs := make([]relState, len(states))
	for k := range states {
		if first[k] == nil {
			continue
		}
		backs[k] = relState{items: first[k : k+1 : k+1], owner: states[k].owner, epoch: states[k].epoch}
		for _, x := range states[k].items {
			n.publish(back.words(x), &backs[k])
		}
	}
}

// publish makes st the state of a field, unless it has one already that still counts.
func (n *loadNode) publish(w *words, st *relState) {
	old := w.load()
	if old == nil || old.owner != st.owner || old.epoch != st.epoch || old.mark != markLoaded && st.mark == markLoaded {
		w.publish(old, st)
	}
}

// stamp is what states carry to be told from expired ones.
func (l *loader) stamp() (*owner, uint32) {
	if l.u == nil {
		return nil, 0
	}
	return l.u.owner, l.u.epoch
}
