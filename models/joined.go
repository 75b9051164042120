package models

import (
	"fmt"
	"strconv"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
)

// A rowHead takes the first columns of rows behind which those of joined relations
// stand, and says which of its objects a row is about.
type rowHead interface {
	Begin(cols []driver.Column) error
	take(r driver.Row) (int32, error)
}

// mainHead hands rows to a sink: all, or with merge the first about each object.
type mainHead struct {
	sink    objectSink
	excerpt excerpt
	merge   bool
	seen    keyTuples
	count   int32
}

// Begin implements rowHead.
func (h *mainHead) Begin(cols []driver.Column) error {
	h.count = 0
	if h.merge {
		h.seen.reset(h.excerpt)
	}
	return h.sink.Begin(cols)
}

func (h *mainHead) take(r driver.Row) (int32, error) {
	i := h.count
	if h.merge {
		n, known, err := h.seen.find(r)
		if known || err != nil {
			return n, err
		}
		i = n
	}
	h.count++
	return i, h.sink.Row(r)
}

// A joinSink takes rows of objects with those that joined relations lead to behind them.
type joinSink struct {
	head  rowHead
	width int // columns of head
	nodes []*loadNode
	is    []int32 // of the row: the object of head, and behind it those of the nodes
}

// Begin implements driver.Sink.
func (s *joinSink) Begin(cols []driver.Column) error {
	want := s.width
	for _, n := range s.nodes {
		want += n.excerpt.width()
	}
	if len(cols) != want {
		return fmt.Errorf("models: %d columns came back for a query with joined relations, %d were asked for", len(cols), want)
	}
	s.is = make([]int32, 1+len(s.nodes))
	for _, n := range s.nodes {
		n.rows, n.which = n.rows[:0], n.which[:0]
		n.seen.reset(n.excerpt)
		if err := n.sink.Begin(cols[n.excerpt.base : n.excerpt.base+n.excerpt.width()]); err != nil {
			return err
		}
	}
	return s.head.Begin(cols[:s.width])
}

// Row implements driver.Sink.
func (s *joinSink) Row(r driver.Row) error {
	i, err := s.head.take(r)
	if err != nil {
		return err
	}
	s.is[0] = i
	for at, n := range s.nodes {
		up := s.is[n.up]
		if up < 0 || n.seen.none(r) {
			s.is[at+1] = -1
			continue
		}
		x, known, err := n.seen.find(r)
		if err == nil && !known {
			err = n.sink.Row(r)
		}
		if err != nil {
			return err
		}
		if s.is[at+1] = x; !n.had(up, x) {
			n.rows, n.which = append(n.rows, up), append(n.which, x)
		}
	}
	return nil
}

// had reports whether the last row said the same.
func (n *loadNode) had(up, x int32) bool {
	last := len(n.rows) - 1
	return last >= 0 && n.rows[last] == up && n.which[last] == x
}

// joinedBelow lists the joined nodes that are part of one statement, each behind the one
// that it belongs to.
func joinedBelow(nodes []*loadNode, up int, out []*loadNode) []*loadNode {
	for _, n := range nodes {
		if n.spec.how != loadJoined {
			continue
		}
		n.up = up
		out = append(out, n)
		out = joinedBelow(n.kids, len(out), out)
	}
	return out
}

// many reports whether a parent can have several rows.
func many(nodes []*loadNode) bool {
	for _, n := range nodes {
		if !n.single() {
			return true
		}
	}
	return false
}

// given reports whether the query has joins that nodes are to come from.
func given(nodes []*loadNode) bool {
	for _, n := range nodes {
		if n.spec.given != nil {
			return true
		}
	}
	return false
}

// single reports whether the database makes sure that there is one row at most.
func (n *loadNode) single() bool {
	switch n.rel.kind {
	case belongsTo:
		return true
	case hasOne:
		for _, u := range n.rel.target.facts.Uniques {
			if len(u.Columns) == 1 && u.Columns[0] == n.rel.fk.name {
				return true
			}
		}
		return len(n.rel.target.key) == 1 && n.rel.target.key[0] == n.rel.fk
	}
	return false
}

// separate has joined nodes loaded by statements of their own.
func separate(nodes []*loadNode) {
	for _, n := range nodes {
		switch {
		case n.spec.how == loadJoined && n.spec.given == nil:
			n.spec.how = loadSelectIn
		case n.spec.how == loadJoined:
			separate(n.kids)
		}
	}
}

// aboard puts the joined nodes of a query into its statement, which has been written
// without them.
func (l *loader) aboard(st *driver.Statement, sel *dialect.Select, src *dialect.Source, sink objectSink, sh excerpt) error {
	if l.err != nil {
		return l.err
	}
	l.sel, l.src = sel, src
	nodes := joinedBelow(l.nodes, 0, nil)
	if len(nodes) == 0 {
		return nil
	}
	for _, n := range nodes {
		if n.spec.given != nil && !joins(sel, n.spec.given) {
			return fmt.Errorf("models: FromJoin of %s: the query does not join %s: add Join(&…) of this relation", n.rel, n.spec.given.As)
		}
	}
	j := joining{l: l, src: src, excerpt: sh, nodes: nodes}
	out, ok, err := j.statement(sel)
	if err != nil {
		return err
	}
	if !ok {
		if err := needed(nodes, "this query is one that relations can not be joined to"); err != nil {
			return err
		}
		separate(l.nodes)
		if j.nodes = joinedBelow(l.nodes, 0, nil); len(j.nodes) == 0 {
			return nil
		}
		nodes = j.nodes
		own := *sel
		out = &own
		if err := j.add(out, sh.width()); err != nil {
			return err
		}
	}
	w := dialect.NewWriter(l.e.dialect)
	defer w.Free()
	w.Select(out)
	if err := w.Err(); err != nil {
		return fmt.Errorf("models: %w", err)
	}
	st.SQL, st.Args, st.Foreign = intern(w.Text()), w.Args(), w.Foreign()
	st.Sink = &joinSink{
		head:  &mainHead{sink: sink, excerpt: sh, merge: many(nodes)},
		width: sh.width(), nodes: nodes,
	}
	return nil
}

// A joining adds joined nodes to a SELECT.
type joining struct {
	l       *loader
	src     *dialect.Source // of the objects that they belong to
	excerpt excerpt         // of those
	nodes   []*loadNode
}

// statement returns sel with the nodes in it. It reports false if they do not fit: a lock
// would lock what they lead to as well, and rows that FromJoin needs can not be counted
// as objects.
func (j *joining) statement(sel *dialect.Select) (_ *dialect.Select, ok bool, err error) {
	counts := sel.Distinct || len(sel.DistinctOn) > 0 || len(sel.GroupBy) > 0 || len(sel.Having) > 0 || len(sel.Parts) > 0 ||
		many(j.nodes) && (sel.Limit != nil || sel.Offset != nil)
	if sel.Lock != dialect.NoLock || counts && given(j.nodes) {
		return nil, false, nil
	}
	out := *sel
	if counts {
		w, ok := j.wrap(sel)
		if !ok {
			return nil, false, nil
		}
		out = *w
	}
	return &out, true, j.add(&out, j.excerpt.width())
}

// wrap makes a query on the rows of another, so that what counts or groups there counts
// objects and not their joined rows. The order is kept.
func (j *joining) wrap(sel *dialect.Select) (*dialect.Select, bool) {
	inner := *sel
	inner.With = nil
	out := &dialect.Select{With: sel.With, Columns: j.excerpt.columns(j.src), From: j.src, Body: &inner, Deleted: true}
	for i, o := range sel.OrderBy {
		term, ok := o.(dialect.Order)
		if !ok {
			term = dialect.Order{X: o}
		}
		col, ok := term.X.(dialect.Column)
		switch {
		case ok && (col.Source == j.src && j.excerpt.reads(col.Name) || len(sel.Parts) > 0):
			term.X = dialect.Column{Source: j.src, Name: col.Name}
		case sel.Distinct || len(sel.Parts) > 0:
			return nil, false // a further column would make other rows
		default:
			name := "spillway_order" + strconv.Itoa(i+1)
			inner.Columns = append(clip(inner.Columns), dialect.As{X: term.X, Name: name})
			term.X = dialect.Column{Source: j.src, Name: name}
		}
		out.OrderBy = append(out.OrderBy, term)
	}
	return out, true
}

// add adds the joins, columns and orders of the nodes; at is the number of columns so
// far.
func (j *joining) add(sel *dialect.Select, at int) error {
	sel.Columns, sel.Joins = clip(sel.Columns), clip(sel.Joins)
	var orders []dialect.Node
	live := func(n *loadNode, s *dialect.Source, on ...dialect.Node) dialect.Node {
		if cond := dialect.Live(s); cond != nil && !n.spec.deleted {
			on = append(on, cond)
		}
		return dialect.Logic{Op: "AND", Kids: on}
	}
	for i, n := range j.nodes {
		rel, up := n.rel, j.src
		var above *loadNode
		if n.up > 0 {
			above = j.nodes[n.up-1]
			up = above.src
		}
		n.src = rel.target.source.Further("", i+1)
		n.excerpt.base, n.sel = at, sel
		at += n.excerpt.width()
		n.sink = rel.make.sink(n.excerpt, 0, rel.target.hasOrigin && j.l.u == nil)
		if n.spec.given != nil {
			n.src = n.spec.given
			sel.Columns = append(sel.Columns, n.excerpt.columns(n.src)...)
			continue
		}
		var err error
		if n.outer, err = n.left(above); err != nil {
			return err
		}
		far := dialect.Column{Source: n.src, Name: rel.far().name}
		near := dialect.Column{Source: up, Name: rel.near().name}
		on := []dialect.Node{dialect.Compare{L: far, Op: "=", R: near}}
		if rel.kind == manyToMany {
			via := rel.via.Load()
			between := via.between.Further("via", i+1)
			sel.Joins = append(sel.Joins, dialect.Join{Source: between, Left: n.outer, Deleted: true, On: live(n, between, dialect.Compare{
				L: dialect.Column{Source: between, Name: via.own.name}, Op: "=", R: near,
			})})
			on[0] = dialect.Compare{L: far, Op: "=", R: dialect.Column{Source: between, Name: via.other.name}}
		}
		for _, f := range n.spec.filter {
			on = append(on, dialect.Rebase{X: f, From: rel.target.source, To: n.src})
		}
		sel.Joins = append(sel.Joins, dialect.Join{Source: n.src, Left: n.outer, Deleted: true, On: live(n, n.src, on...)})
		sel.Columns = append(sel.Columns, n.excerpt.columns(n.src)...)
		if !n.single() {
			for _, o := range n.order() {
				orders = append(orders, dialect.Rebase{X: o, From: rel.target.source, To: n.src})
			}
		}
	}
	if len(orders) > 0 && len(sel.OrderBy) == 0 {
		for _, k := range j.excerpt.t.key {
			sel.OrderBy = append(sel.OrderBy, dialect.Order{X: dialect.Column{Source: j.src, Name: k.name}})
		}
	}
	sel.OrderBy = append(clip(sel.OrderBy), orders...)
	return nil
}
