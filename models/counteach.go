package models

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
)

// CountEach returns, for each of objs and in their order, the number of objects that the
// relation leads to from there and for which all conditions are true, 0 if there are none.
// It asks once for all of objs, and neither loads what it counts nor looks at what is
// loaded:
//
//	drafts, err := models.CountEach(ctx, s, users, &userT.Posts, models.Eq(&postT.Draft, true))
//
// The conditions name columns of the relation's target. A session with autoflush sends its
// changes first; an object without a row leads nowhere. To count along with a query, or to
// sort by it, there is [Counted].
func CountEach[T any](ctx context.Context, h Handle, objs []*T, field Relation, conds ...Cond) ([]int64, error) {
	return countEach(ctx, h, reflect.TypeFor[T](), uncast(objs), field, conds)
}

func countEach(ctx context.Context, h Handle, typ reflect.Type, objs []unsafe.Pointer, field Relation, conds []Cond) ([]int64, error) {
	return valueAt[[]int64](perform(ctx, h, func(t Target) steps { return askCounts(t, typ, objs, field, conds) }))
}

// CallCountEach compiles [CountEach].
func CallCountEach[T any](t Target, objs []*T, field Relation, conds ...Cond) link.Chain[[]int64] {
	return chainOf[[]int64](askCounts(t, reflect.TypeFor[T](), uncast(objs), field, conds))
}

func askCounts(t Target, typ reflect.Type, objs []unsafe.Pointer, field Relation, conds []Cond) steps {
	n := &counting{of: make([]int32, len(objs))}
	c := &call{}
	c.verb = inquiry{func(c *call) (bool, error) {
		if n.rel == nil || len(objs) == 0 {
			return true, nil
		}
		for i, x := range objs {
			if x == nil {
				return false, fmt.Errorf("models: CountEach of %s: object %d is nil", n.rel, i)
			}
			if err := n.add(i, x); err != nil {
				return false, err
			}
		}
		if n.keys.len() == 0 {
			return true, nil
		}
		return false, n.statement(c.e.dialect, c.st)
	}, func(*call) (unsafe.Pointer, error) {
		out := n.result()
		return unsafe.Pointer(&out), nil
	}}
	if err := n.plan(t.engine(), typ, field, conds); err != nil {
		c.spoil(err)
		c.state = callEnded
	}
	c.tables = n.tables
	return c.on(t)
}

// A counting counts what a relation leads to, by the keys of objects.
type counting struct {
	rel    *relation
	tables []*table
	where  []dialect.Node
	keys   keyIndex
	of     []int32 // the key of each object, -1 for none
	by     *field  // as which the key in a row is read
	counts []int64 // of each key
}

func (n *counting) plan(e *Engine, typ reflect.Type, field Relation, conds []Cond) error {
	rel, err := relationAt(field)
	if err != nil {
		return err
	}
	t, err := e.registry.table(typ)
	switch {
	case err != nil:
		return err
	case rel.t != t:
		return fmt.Errorf("models: CountEach: %s is no relation of %s, which the objects are", rel, typ.Name())
	}
	if err := rel.ready(); err != nil {
		return err
	}
	if n.where, err = nodesOf(conds); err != nil {
		return err
	}
	n.tables = append(subOf(conds), rel.target)
	if via := rel.via.Load(); via != nil {
		n.tables = append(n.tables, via.t)
	}
	n.rel, n.keys = rel, newKeyIndex(rel.near(), len(n.of))
	return nil
}

// add notes the key of object i.
func (n *counting) add(i int, obj unsafe.Pointer) error {
	v, ok, err := keyOf(n.rel.near(), obj)
	if err != nil {
		return fmt.Errorf("models: CountEach of %s: %w", n.rel, err)
	}
	n.of[i] = -1
	if ok {
		n.of[i] = n.keys.add(v)
	}
	return nil
}

// statement counts by key.
func (n *counting) statement(d dialect.Dialect, st *driver.Statement) error {
	rel, target := n.rel, n.rel.target.source
	sel := dialect.Select{From: target}
	by := dialect.Column{Source: target, Name: rel.far().name}
	n.by = rel.far()
	if via := rel.via.Load(); rel.kind == manyToMany {
		sel.Joins = []dialect.Join{{Source: via.between, On: dialect.Compare{
			L: dialect.Column{Source: via.between, Name: via.other.name}, Op: "=", R: by,
		}}}
		by, n.by = dialect.Column{Source: via.between, Name: via.own.name}, via.own
	}
	var key dialect.Node = by
	if sel.Where = n.where; n.texts() { // which may be equal and written differently: the database says
		key = dialect.KeyPlace{}
		sel.Joins = append(sel.Joins, dialect.JoinKeys(by, n.keys.values))
	} else {
		sel.Where = append([]dialect.Node{dialect.In{X: by, Values: n.keys.values}}, n.where...)
	}
	sel.Columns = []dialect.Node{key, dialect.Call{Name: "COUNT", Args: []dialect.Node{dialect.Star{}}}}
	sel.GroupBy = []dialect.Node{key}
	w := dialect.NewWriter(d)
	defer w.Free()
	w.Select(&sel)
	if err := w.Err(); err != nil {
		return fmt.Errorf("models: CountEach of %s: %w", rel, err)
	}
	*st = driver.Statement{SQL: intern(w.Text()), Args: w.Args(), Class: driver.Read, Sink: n, Foreign: w.Foreign()}
	return nil
}

// Begin implements driver.Sink.
func (n *counting) Begin(cols []driver.Column) error {
	if len(cols) != 2 {
		return errors.New("models: CountEach: want a key and a count")
	}
	n.counts = make([]int64, n.keys.len())
	return nil
}

// Row implements driver.Sink.
func (n *counting) Row(r driver.Row) error {
	k, err := n.key(r)
	if err != nil {
		return err
	}
	count, err := r.Int64(1)
	if k >= 0 && k < int64(len(n.counts)) {
		n.counts[k] += count // keys that compare as equal may come in two ways
	}
	return err
}

// key is the number of the key that a row is about.
func (n *counting) key(r driver.Row) (int64, error) {
	if n.texts() {
		return r.Int64(0)
	}
	v, err := decodeValue(n.by, r, 0)
	return int64(n.keys.find(v)), err
}

// texts reports whether the keys are texts.
func (n *counting) texts() bool { return n.keys.values[0].Kind() == driver.KindText }

// result is the count of each object.
func (n *counting) result() []int64 {
	out := make([]int64, len(n.of))
	for i, k := range n.of {
		if k >= 0 && n.counts != nil {
			out[i] = n.counts[k]
		}
	}
	return out
}
