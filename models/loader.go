package models

import (
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/pool"
)

// An objectSink collects objects of one table.
type objectSink interface {
	driver.Sink
	// objects are those collected, in order; after attach those of the session.
	objects() []unsafe.Pointer
	of() excerpt
	attach(u *Unit)
	// gather tells the objects that they came together.
	gather(e *Engine)
}

// A loader loads relations, level by level: the relations of one level go out as one
// operation. What runs between the operations reads objects just decoded, which nobody
// else knows; finish, which runs where the session does, enters them into the identity
// map and publishes what was loaded.
type loader struct {
	e     *Engine
	u     *Unit // nil on the database itself
	nodes []*loadNode
	level []*loadNode // whose statements are under way
	op    pool.Op
	flown bool
	err   error

	// sel is the query that the objects come with, src their source there; nil where
	// nobody can ask it again.
	sel *dialect.Select
	src *dialect.Source
}

// newLoader plans the loads of objects of t; nil if there are none.
func newLoader(e *Engine, u *Unit, t *table, loads []Loading) *loader {
	if len(t.relations) == 0 {
		return nil
	}
	l := &loader{e: e, u: u}
	l.nodes = l.plan(t, loads, nil)
	if len(l.nodes) == 0 && l.err == nil {
		return nil
	}
	return l
}

// plan makes the nodes below one: those asked for, and the defaults of other relations.
func (l *loader) plan(t *table, loads []Loading, above *loadNode) []*loadNode {
	var nodes []*loadNode
	asked := map[*relation]bool{}
	for i := range loads {
		asked[loads[i].rel] = true
		if err := loads[i].rel.ready(); err != nil {
			l.err = err
			return nodes
		}
		nodes = append(nodes, l.node(loads[i], above))
	}
	for _, rel := range t.relations {
		if rel.lazy == loadLazy || asked[rel] || above.follows(rel) {
			continue
		}
		if rel.ready() != nil {
			continue // Check and the relation's own use report it
		}
		nodes = append(nodes, l.node(Loading{rel: rel, how: rel.lazy}, above))
	}
	return nodes
}

func (l *loader) node(s Loading, above *loadNode) *loadNode {
	n := &loadNode{l: l, rel: s.rel, spec: s, above: above, excerpt: s.excerpt}
	switch s.how {
	case loadLazy, loadRaise, loadNone:
		return n
	}
	kids := s.kids
	if s.depth > 1 {
		again := s
		again.depth--
		kids = append(clip(kids), again)
	}
	if n.excerpt.t = s.rel.target; n.excerpt.only != nil {
		n.excerpt = n.excerpt.with(s.rel.far())
	}
	n.kids = l.plan(s.rel.target, kids, n)
	return n
}

// tables appends the tables that nodes read to ts.
func (l *loader) tables(nodes []*loadNode, ts []*table) []*table {
	for _, n := range nodes {
		switch n.spec.how {
		case loadLazy, loadRaise, loadNone:
			continue
		}
		ts = append(ts, n.rel.target)
		if via := n.rel.via.Load(); via != nil {
			ts = append(ts, via.t)
		}
		ts = l.tables(n.kids, ts)
	}
	return ts
}

// follows reports whether a default must not be followed from here: it leads back, or
// into a table that is on the way already.
func (n *loadNode) follows(rel *relation) bool {
	for a := n; a != nil; a = a.above {
		if a.rel.t == rel.target || a.rel.target == rel.target {
			return true
		}
	}
	return false
}

// begin sets out from the objects of a result.
func (l *loader) begin(objs []unsafe.Pointer) {
	for _, n := range l.nodes {
		n.parents = objs
	}
	l.level = l.ready(l.nodes)
}

// ready prepares nodes whose parents are known, and returns those with a statement. Those
// that came along with their parents pass theirs on.
func (l *loader) ready(nodes []*loadNode) (out []*loadNode) {
	for _, n := range nodes {
		if n.spec.how == loadJoined {
			out = append(out, l.below(n)...)
			continue
		}
		ask, err := n.prepare()
		if err != nil {
			l.err = err
			return nil
		}
		if ask {
			out = append(out, n)
		}
	}
	return out
}

// answered returns what has to be asked next for a node whose statement was answered: which
// keys are equal, or what is below it.
func (l *loader) answered(n *loadNode) []*loadNode {
	if n.same == nil {
		ask, err := false, n.sort()
		if err == nil {
			ask, err = n.askSame()
		}
		if l.err = err; err != nil {
			return nil
		}
		if ask {
			return []*loadNode{n}
		}
	}
	return l.below(n)
}

// below arranges what a node was answered, and prepares the nodes below it.
func (l *loader) below(n *loadNode) []*loadNode {
	n.arrange()
	objs := n.sink.objects()
	for _, k := range n.kids {
		k.parents = objs
	}
	return l.ready(n.kids)
}

// Next returns the operation of the next level, nil at the end.
func (l *loader) Next() *pool.Op {
	if l.flown && l.err == nil {
		if l.err = l.op.Outcome(); l.err == nil {
			var next []*loadNode
			for _, n := range l.level {
				if next = append(next, l.answered(n)...); l.err != nil {
					break
				}
			}
			l.level = next
		}
	}
	if l.err != nil || len(l.level) == 0 {
		return nil
	}
	l.op.Statements = make([]driver.Statement, len(l.level))
	for i, n := range l.level {
		l.op.Statements[i] = n.st
	}
	l.op.Continuation = true
	l.op.Share = pool.Share{}
	if l.e.shared && len(l.level) == 1 && !l.op.Statements[0].Foreign {
		l.op.Share.Shape = l.e.shapes.load(l.level[0])
	}
	l.flown = true
	return &l.op
}

// finish publishes what was loaded for the objects of the result, which are those of the
// session by now.
func (l *loader) finish(objs []unsafe.Pointer) {
	for _, n := range l.nodes {
		n.finish(objs)
	}
}
