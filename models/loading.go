package models

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// A Loading says how a query loads a relation of its objects: what [SelectIn], [Joined]
// and their like make for [Query.With]. Given to another Loading it loads a relation of
// the objects that are loaded there:
//
//	q.With(models.SelectIn(&userT.Posts, models.SelectIn(&postT.Tags)), models.Joined(&userT.Profile))
//
// Loadings are immutable. A mistake travels along and comes out of the verb; among them a
// nesting that does not fit, which names both relations.
type Loading struct {
	rel    *relation
	how    strategy
	kids   []Loading
	filter []dialect.Node
	order  []dialect.Node
	most   int // objects per parent; 0: all
	depth  int // levels of a relation that leads to its own table; 0: one
	// excerpt is what is read of the objects; without a table all of it.
	excerpt excerpt
	// given is the source of the query around it that has the objects; nil: none has.
	given *dialect.Source
	join  joinKind // of a Joined one
	err   error

	deleted bool // rows that are marked as deleted too
}

// A LoadOption refines a [Loading]: another Loading nested in it, [Filter], [PerParent],
// [Depth], [InnerJoin], [OuterJoin], [LoadOnly] or [Defer].
type LoadOption interface{ refine(l *Loading) error }

// SelectIn loads a relation with one further statement for all objects of the result,
// whatever their number: their keys travel as one array. Relations that are loaded at
// one level go out together, in one round trip.
func SelectIn(field Relation, opts ...LoadOption) Loading { return load(loadSelectIn, field, opts) }

// Immediate is [SelectIn]: the relation is there when the query returns.
func Immediate(field Relation, opts ...LoadOption) Loading { return load(loadImmediate, field, opts) }

// Joined loads a relation with the statement of the query itself, by a LEFT JOIN. It fits
// relations to one object best: each object of a collection brings its parent's columns
// along, and two collections at one level multiply. Filter becomes a part of the join, so
// parents stay, and a Joined below a Joined is joined too.
//
// A [BelongsTo] whose foreign key can not be NULL, and which has no Filter, is joined by an
// INNER JOIN, which leaves the database more ways to carry it out: each object has its row
// there, since the database checks the key (a deferrable one, and rows of the target that
// can be marked as deleted, are exceptions). The same holds below a relation that is joined
// so. [InnerJoin] and [OuterJoin] have it either way.
//
// With a collection each object of the query comes once, however many rows the query has
// about it, and Limit and Offset count objects: they move into a subquery. A query with
// ForUpdate or ForShare, and what is below [PerParent], loads as with [SelectIn], since
// the join would be locked or counted too.
func Joined(field Relation, opts ...LoadOption) Loading { return load(loadJoined, field, opts) }

// Subquery loads a relation with one further statement, which has the query itself in it
// in place of the keys of its objects. Where that could find other objects the keys are
// sent as with [SelectIn]: with a Limit or Offset whose order does not end with the key,
// Distinct, a lock or a Union. It goes out when the query has been answered, and not with
// it, so that a query that finds nothing costs nothing more; what loads in one trip is
// [Joined].
func Subquery(field Relation, opts ...LoadOption) Loading { return load(loadSubquery, field, opts) }

// Lazy leaves a relation to its Load method, whatever its default is.
func Lazy(field Relation) Loading { return load(loadLazy, field, nil) }

// Raise is [Lazy] and refuses Load as well, with [ErrNotLoaded]: for code that has to
// load what it needs with its queries.
func Raise(field Relation) Loading { return load(loadRaise, field, nil) }

// NoLoad leaves a relation empty without asking, as if there were nothing in it.
func NoLoad(field Relation) Loading { return load(loadNone, field, nil) }

// Filter loads only the objects for which all conditions are true. The conditions name
// columns of the relation's target.
func Filter(conds ...Cond) LoadOption { return filterOption(conds) }

// PerParent loads at most n objects for each parent: the first in that order, or without
// one in the order of the relation, or else in that of the key.
func PerParent(n int, orders ...Order) LoadOption { return perParentOption{n, orders} }

// Depth loads a relation whose target is its own table for that many levels: children,
// grandchildren and so on. It ends early where there is nothing left. n is at least 1.
func Depth(n int) LoadOption { return depthOption(n) }

func load(how strategy, field Relation, opts []LoadOption) Loading {
	return refined(Loading{how: how}, field, opts)
}

// refined gives a loading its relation and its options.
func refined(l Loading, field Relation, opts []LoadOption) Loading {
	rel, err := relationAt(field)
	if err != nil {
		l.err = err
		return l
	}
	l.rel = rel
	for _, o := range opts {
		if o == nil {
			continue
		}
		if err := o.refine(&l); err != nil && l.err == nil {
			l.err = err
		}
	}
	if l.depth > 0 && rel.target != rel.t {
		l.err = errors.Join(l.err, fmt.Errorf("models: Depth: %s: only a relation to its own table has levels", rel.describe()))
	}
	return l
}

// relationAt returns the relation that the address of a field of a prototype names.
func relationAt(field Relation) (*relation, error) {
	col, err := relationColumn(field)
	if err != nil {
		return nil, err
	}
	return col.rel, nil
}

// relationColumn is relationAt with the source that the prototype stands for.
func relationColumn(field Relation) (*column, error) {
	v := reflect.ValueOf(field)
	if !v.IsValid() || v.IsNil() {
		return nil, errors.New("models: a nil pointer names no relation: want the address of a field of a prototype")
	}
	col := addresses.find(v.UnsafePointer(), v.Type().Elem())
	if col == nil || col.rel == nil {
		return nil, fmt.Errorf("models: this %T is no relation of a registered prototype (use the pointer that models.Register returned: not a copy of it, not a loaded object)", field)
	}
	return col, nil
}

// refine nests l.
func (l Loading) refine(in *Loading) error {
	switch {
	case l.err != nil:
		return l.err
	case l.rel == nil:
		return errZeroLoading
	case l.rel.t != in.rel.target:
		return fmt.Errorf("models: %s is nested under %s", l.rel, in.rel.describe())
	case l.given != nil && in.given == nil:
		return fmt.Errorf("models: FromJoin of %s is nested under %s, which does not come from the query's joins", l.rel, in.rel)
	}
	in.kids = append(clip(in.kids), l)
	return nil
}

var errZeroLoading = errors.New("models: a zero Loading loads nothing: make one with SelectIn, Joined, …")

type filterOption []Cond

func (o filterOption) refine(l *Loading) error {
	if l.given != nil {
		return fmt.Errorf("models: Filter of a FromJoin of %s: filter the query, with Where or in its Join", l.rel)
	}
	nodes, err := nodesOf(o)
	l.filter = append(clip(l.filter), nodes...)
	return err
}

type perParentOption struct {
	n      int
	orders []Order
}

func (o perParentOption) refine(l *Loading) error {
	if o.n < 1 {
		return fmt.Errorf("models: PerParent(%d) of %s: want 1 or more", o.n, l.rel)
	}
	if l.how == loadJoined {
		return fmt.Errorf("models: PerParent of %s: a join can not count: use SelectIn", l.rel)
	}
	l.most = o.n
	for _, x := range o.orders {
		if x.err != nil {
			return x.err
		}
		if x.node == nil {
			return errors.New("models: a zero Order orders nothing")
		}
		l.order = append(clip(l.order), x.node)
	}
	return nil
}

type depthOption int

func (o depthOption) refine(l *Loading) error {
	if o < 1 || l.given != nil && o > 1 {
		return fmt.Errorf("models: Depth(%d) of %s: want 1 or more, and no FromJoin", o, l.rel)
	}
	l.depth = int(o)
	return nil
}

// With says how relations of the query's objects are loaded, in place of their defaults.
// The query has to ask for objects, as [From] does.
func (q Query[R]) With(loads ...Loading) Query[R] { return Query[R]{q: q.q.loading(loads)} }

//go:noinline
func (q *query) loading(loads []Loading) *query {
	return q.with(func(n *query) error {
		e, ok := n.rows.(interface{ table() *table })
		if !ok || n.kind != selectQuery {
			return errors.New("models: With does not fit this kind of query: only objects have relations")
		}
		for _, l := range loads {
			switch {
			case l.err != nil:
				return l.err
			case l.rel == nil:
				return errZeroLoading
			case l.rel.t != e.table():
				return fmt.Errorf("models: With: %s is no relation of %s, which the query asks for", l.rel, e.table().typ.Name())
			}
			n.loads = append(clip(n.loads), l)
		}
		return nil
	})
}
