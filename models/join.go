package models

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// Join adds a table to the query: the rows of both for which the conditions are true.
// Without a condition it uses the only foreign key between the new table and those of
// the query; none, or more than one, is an error that names them. proto is what
// [Register] or [Alias] returned.
//
// The address of a relation field joins what the relation leads to, under its own name,
// and through the association if there is one: Join(&userT.Posts). Conditions are added
// to that.
func (q Query[R]) Join(proto any, on ...Cond) Query[R] {
	return Query[R]{q: q.q.join(proto, on, false)}
}

// LeftJoin is [Query.Join], but keeps rows without a match: the columns of the new table
// are NULL in them, see [Nullable].
func (q Query[R]) LeftJoin(proto any, on ...Cond) Query[R] {
	return Query[R]{q: q.q.join(proto, on, true)}
}

//go:noinline
func (q *query) join(proto any, on []Cond, left bool) *query {
	return q.with(func(n *query) error {
		if err := n.only("Join", selectQuery, updateQuery, deleteQuery); err != nil {
			return err
		}
		if left && n.kind != selectQuery {
			return errors.New("models: LeftJoin does not fit an Update or Delete: use Join, or a condition with Not and ExistsIn")
		}
		if field, ok := proto.(Relation); ok {
			return n.along(field, on, left)
		}
		c, err := prototypeOf(proto)
		if err != nil {
			return err
		}
		if n.sel.From == nil {
			return fmt.Errorf("models: Join %s: the query has no table yet: name one with From", c.source.As)
		}
		nodes, err := nodesOf(on)
		if err != nil {
			return err
		}
		if len(nodes) == 0 {
			cond, err := n.onlyKey(c.source)
			if err != nil {
				return err
			}
			nodes = []dialect.Node{cond}
		}
		n.add(c.source, left, nodes)
		n.reads(append(subOf(on), c.t))
		return nil
	})
}

// onlyKey returns the condition of the only foreign key between a new source and those
// of the query.
func (q *query) onlyKey(s *dialect.Source) (dialect.Node, error) {
	var found []dialect.Node
	var names []string
	between := func(from, to *dialect.Source) {
		for _, fk := range from.Table.ForeignKeys {
			if fk.RefTable != to.Table.Name {
				continue
			}
			var eq dialect.Logic
			eq.Op = "AND"
			for i := range fk.Columns {
				eq.Kids = append(eq.Kids, dialect.Compare{
					L: dialect.Column{Source: from, Name: fk.Columns[i]}, Op: "=", R: dialect.Column{Source: to, Name: fk.RefColumns[i]},
				})
			}
			found = append(found, eq)
			names = append(names, from.As+"."+strings.Join(fk.Columns, ", ")+" → "+to.As)
		}
	}
	have := []*dialect.Source{q.sel.From}
	for i := range q.sel.Joins {
		have = append(have, q.sel.Joins[i].Source)
	}
	for _, h := range have {
		between(h, s)
		if h.Table != s.Table {
			between(s, h)
		}
	}
	switch len(found) {
	case 0:
		var names []string
		for _, h := range have {
			names = append(names, h.As)
		}
		return nil, fmt.Errorf("models: Join %s: no foreign key between it and %s: give a condition", s.As, strings.Join(names, ", "))
	case 1:
		return found[0], nil
	default:
		return nil, fmt.Errorf("models: Join %s: several foreign keys fit (%s): give a condition", s.As, strings.Join(names, "; "))
	}
}

// others are the sources beside the first: what an UPDATE or DELETE is joined with.
func (q *query) others() (out []*dialect.Source) {
	for i := range q.sel.Joins {
		out = append(out, q.sel.Joins[i].Source)
	}
	return out
}
