package models

import (
	"fmt"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// joinKind says how a joined relation takes part in the statement of its objects.
type joinKind uint8

const (
	joinFitting joinKind = iota // INNER where nobody can tell, else LEFT
	joinInner
	joinOuter
)

// InnerJoin has a [Joined] relation be joined by an INNER JOIN: objects for which it leads
// to nothing, or to nothing that its [Filter] lets through, do not come. It is SQLAlchemy's
// innerjoin=True. It fits a query without a lock and what is not below [PerParent], and
// below a relation that is joined by a LEFT JOIN it has no place; both are refused. With a
// collection and a Limit the objects are counted first, so fewer may come; Count does not
// know of relations at all.
func InnerJoin() LoadOption { return joinInner }

// OuterJoin has a [Joined] relation be joined by a LEFT JOIN in any case: for tables whose
// foreign key the database does not check, so that an object may refer to nobody although
// its column can not be NULL.
func OuterJoin() LoadOption { return joinOuter }

func (k joinKind) refine(in *Loading) error {
	name := "InnerJoin"
	if k == joinOuter {
		name = "OuterJoin"
	}
	switch {
	case in.how != loadJoined || in.given != nil:
		return fmt.Errorf("models: %s of %s: only a Joined relation is joined", name, in.rel)
	case in.join != joinFitting && in.join != k:
		return fmt.Errorf("models: InnerJoin and OuterJoin of %s: want one of them", in.rel)
	}
	in.join = k
	return nil
}

// left decides whether a node is joined by a LEFT JOIN. up is the node that it belongs to,
// nil for the head.
func (n *loadNode) left(up *loadNode) (bool, error) {
	outer := up != nil && (up.outer || up.spec.given != nil)
	switch n.spec.join {
	case joinInner:
		if outer {
			return true, fmt.Errorf("models: InnerJoin of %s is nested under %s, which is joined by a LEFT JOIN: give that InnerJoin too", n.rel, up.rel)
		}
		return false, nil
	case joinOuter:
		return true, nil
	}
	return outer || !n.certain(), nil
}

// certain reports whether the database makes sure that the relation leads to a row for
// each of its objects, which nothing keeps from coming.
func (n *loadNode) certain() bool {
	rel := n.rel
	if rel.kind != belongsTo || rel.fk.nullable || len(n.spec.filter) > 0 || !n.spec.deleted && dialect.Live(rel.target.source) != nil {
		return false
	}
	for _, fk := range rel.t.facts.ForeignKeys {
		if len(fk.Columns) == 1 && fk.Columns[0] == rel.fk.name {
			return !fk.Deferrable && fk.RefTable == rel.target.facts.Name && fk.RefColumns[0] == rel.ref.name
		}
	}
	return false
}

// needed returns the error of a relation among nodes that has to be joined by an INNER JOIN
// but can not be joined at all; why is the reason.
func needed(nodes []*loadNode, why string) error {
	for _, n := range nodes {
		if n.spec.join == joinInner {
			return fmt.Errorf("models: InnerJoin of %s: %s; use Has to ask for objects that have one", n.rel, why)
		}
	}
	return nil
}
