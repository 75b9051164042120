package models

import (
	"fmt"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// FromJoin fills a relation from a join that the query has anyway, with what its
// conditions leave of it:
//
//	models.From(userT).Join(&userT.Posts).Where(models.Eq(&postT.Draft, false)).
//		With(models.FromJoin(&userT.Posts))
//
// The relation then counts as loaded, with the objects of those rows, in their order.
// Each object of the query comes once, as with [Joined]; but Limit and Offset count the
// rows of the join. If the target is joined under another name, give that with [Aliased].
// A FromJoin nested in it is from the same query; other loadings can be nested as well.
func FromJoin(field Relation, opts ...LoadOption) Loading {
	l := Loading{how: loadJoined}
	if rel, err := relationAt(field); err == nil {
		l.given = rel.target.source
	}
	return refined(l, field, opts)
}

// Aliased says under which [Alias] a [FromJoin] finds its objects.
func Aliased(proto any) LoadOption { return aliasedOption{proto} }

type aliasedOption struct{ proto any }

func (o aliasedOption) refine(l *Loading) error {
	c, err := prototypeOf(o.proto)
	switch {
	case err != nil:
		return err
	case l.given == nil:
		return fmt.Errorf("models: Aliased is for FromJoin, not for what loads %s by itself", l.rel)
	case c.t != l.rel.target:
		return fmt.Errorf("models: Aliased: %s, not to %s", l.rel.describe(), c.t.typ.Name())
	}
	l.given = c.source
	return nil
}

// joins reports whether a source takes part in a query.
func joins(sel *dialect.Select, s *dialect.Source) bool {
	if sel.From == s {
		return true
	}
	for i := range sel.Joins {
		if sel.Joins[i].Source == s {
			return true
		}
	}
	return false
}
