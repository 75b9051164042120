package models

import "github.com/spillwaydb/spillway/internal/dialect"

// parentQuery returns the query of the parents' keys for Subquery, nil where asking it
// again could give other parents: then the keys are sent.
func (n *loadNode) parentQuery() dialect.Node {
	sel, src := n.l.sel, n.l.src
	if n.above != nil {
		sel, src = n.above.sel, n.above.src
	}
	if n.spec.how != loadSubquery || sel == nil || sel.Lock != dialect.NoLock || sel.Distinct || len(sel.DistinctOn) > 0 || len(sel.Parts) > 0 {
		return nil
	}
	inner := *sel
	if inner.Limit == nil && inner.Offset == nil {
		inner.OrderBy = nil
	} else if !n.total(sel, src) {
		return nil
	}
	inner.Columns = []dialect.Node{dialect.Column{Source: src, Name: n.rel.near().name}}
	return dialect.InQuery{X: n.by(), Query: &inner}
}

// total reports whether the order of a query leaves no two parents equal.
func (n *loadNode) total(sel *dialect.Select, src *dialect.Source) bool {
	for _, k := range n.rel.t.key {
		found := false
		for _, o := range sel.OrderBy {
			term, _ := o.(dialect.Order)
			found = found || term.X == dialect.Node(dialect.Column{Source: src, Name: k.name})
		}
		if !found {
			return false
		}
	}
	return true
}

// by is the column of the statement that says to which parent a row belongs.
func (n *loadNode) by() dialect.Column {
	if n.rel.kind == manyToMany {
		via := n.rel.via.Load()
		return dialect.Column{Source: via.between, Name: via.own.name}
	}
	return dialect.Column{Source: n.rel.target.source, Name: n.rel.far().name}
}
