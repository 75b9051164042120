package models

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
)

// derived are interned, for the reason that aliases are.
var derived struct {
	sync.Mutex
	m map[derivedKey]any
}

type derivedKey struct {
	typ  reflect.Type
	name string
}

// Derived returns a prototype for the rows of a query, so that another query can select
// from it or join it: a common table expression or a subquery in FROM, called name in
// SQL. T is a plain struct, as for [SelectAs]. Asking again for the same name returns the
// same prototype; keep it in a package variable. It panics if T can not be mapped.
//
//	type Branch struct {
//		ID    int64
//		Depth int64
//	}
//	var branchT = models.Derived[Branch]("branch")
func Derived[T any](name string) *T {
	derived.Lock()
	defer derived.Unlock()
	key := derivedKey{reflect.TypeFor[T](), name}
	if p, ok := derived.m[key]; ok {
		return p.(*T)
	}
	if key.typ.Kind() != reflect.Struct || name == "" {
		panic(fmt.Sprintf("models: Derived[%s](%q): want a struct and a name", key.typ, name))
	}
	t, err := plainTable(key.typ)
	if err != nil {
		panic(err.Error())
	}
	t.hasOrigin = false // a row of a query is nobody's image
	t.facts = &schema.Table{Name: name, Model: key.typ.String()}
	for i, f := range t.fields {
		f.pos = i
		f.col = &schema.Column{Name: f.name, Nullable: f.nullable, Field: f.path, Type: schema.Type{Kind: f.kind}}
		t.facts.Columns = append(t.facts.Columns, f.col)
	}
	t.source = dialect.NewSource(t.facts, name)
	p := new(T)
	t.proto = p
	addresses.add(t, t.source, pointerTo(p))
	if derived.m == nil {
		derived.m = map[derivedKey]any{}
	}
	derived.m[key] = p
	return p
}

// A Derivation is a [Derived] table together with its query: what [Derive] makes.
type Derivation struct {
	source *dialect.Source
	query  *dialect.Select
	step   *dialect.Select
	tables []*table
	err    error
}

// Derive says which query a derived table stands for. The query gives all columns of T:
// make it with [SelectAs].
func Derive[T any](proto *T, q Query[T]) Derivation { return derive(proto, q.q) }

func derive(proto any, q *query) Derivation {
	c, err := prototypeOf(proto)
	if err == nil && len(c.t.key) > 0 {
		err = fmt.Errorf("models: Derive: %s is a table of the database: make a prototype with Derived", c.source.As)
	}
	if err != nil {
		return Derivation{err: err}
	}
	sel, tables, err := q.nested("Derive")
	if err != nil {
		return Derivation{err: err}
	}
	shaped, err := arrange(c.t, sel)
	return Derivation{source: c.source, query: shaped, tables: tables, err: err}
}

// DeriveRecursive is [Derive] of what base gives, and step again and again on the rows
// that came last, until there are none: step joins the prototype. Only [Query.WithCTE]
// takes it.
//
//	tree := models.DeriveRecursive(branchT,
//		models.SelectAs[Branch](&nodeT.ID, models.Val(int64(0)).As("depth")).Where(models.IsNull(&nodeT.Parent)),
//		models.SelectAs[Branch](&nodeT.ID, models.Col(&branchT.Depth).Plus(1).As("depth")).
//			Join(branchT, models.EqCol(models.Opt(&nodeT.Parent), &branchT.ID)))
//	q := models.From(branchT).WithCTE(tree)
func DeriveRecursive[T any](proto *T, base, step Query[T]) Derivation {
	return deriveRecursive(proto, base.q, step.q)
}

func deriveRecursive(proto any, base, step *query) Derivation {
	d, s := derive(proto, base), derive(proto, step)
	d.step, d.tables = s.query, append(clip(d.tables), s.tables...)
	if d.err == nil {
		d.err = s.err
	}
	if d.err == nil {
		if c, _ := prototypeOf(proto); c.source != c.t.source {
			d.err = errors.New("models: DeriveRecursive takes the prototype itself, not an alias")
		}
	}
	return d
}

// arrange brings the columns of a query into the order of a derived table.
func arrange(t *table, sel *dialect.Select) (*dialect.Select, error) {
	out := *sel
	if len(sel.Parts) > 0 {
		out.Parts = nil
		for _, p := range sel.Parts {
			q, err := arrange(t, p.Query)
			if err != nil {
				return nil, err
			}
			out.Parts = append(out.Parts, dialect.Combined{Op: p.Op, Query: q})
		}
		return &out, nil
	}
	out.Columns = nil
	var missing []string
	for _, f := range t.fields {
		found := false
		for _, c := range sel.Columns {
			if as, ok := c.(dialect.As); ok && as.Name == f.name {
				out.Columns, found = append(out.Columns, c), true
			}
		}
		if !found {
			missing = append(missing, f.name)
		}
	}
	if missing != nil {
		return nil, fmt.Errorf("models: Derive: the query does not give %s of %s: make it with SelectAs, with an expression for each column", strings.Join(missing, ", "), t.facts.Name)
	}
	return &out, nil
}

// WithCTE puts queries with a name in front (WITH): From and Join can then name their
// prototypes, in this query and its subqueries, as often as they like, and so can the
// Derivations behind them.
func (q Query[R]) WithCTE(ds ...Derivation) Query[R] { return Query[R]{q: q.q.withCTE(ds)} }

//go:noinline
func (q *query) withCTE(ds []Derivation) *query {
	return q.with(func(n *query) error {
		for _, d := range ds {
			switch {
			case d.err != nil:
				return d.err
			case d.query == nil:
				return errZeroDerivation
			case d.source.As != d.source.Table.Name:
				return errors.New("models: WithCTE takes the prototype itself, not an alias")
			}
			n.sel.With = append(clip(n.sel.With), dialect.CTE{Table: d.source.Table, Query: d.query, Step: d.step})
			n.reads(d.tables)
		}
		return n.only("WithCTE", selectQuery)
	})
}

var errZeroDerivation = errors.New("models: a zero Derivation: make one with Derive")

// FromQuery selects from a subquery.
func (q Query[R]) FromQuery(d Derivation) Query[R] { return Query[R]{q: q.q.fromQuery(d)} }

//go:noinline
func (q *query) fromQuery(d Derivation) *query {
	return q.with(func(n *query) error {
		if err := d.body("FromQuery"); err != nil {
			return err
		}
		n.sel.From, n.sel.Body = d.source, d.query
		n.reads(d.tables)
		return n.only("FromQuery", selectQuery)
	})
}

// JoinQuery joins a subquery; it needs a condition.
func (q Query[R]) JoinQuery(d Derivation, on ...Cond) Query[R] {
	return Query[R]{q: q.q.joinQuery("JoinQuery", d, on, false, false)}
}

// LeftJoinQuery is [Query.JoinQuery], but keeps rows without a match.
func (q Query[R]) LeftJoinQuery(d Derivation, on ...Cond) Query[R] {
	return Query[R]{q: q.q.joinQuery("JoinQuery", d, on, true, false)}
}

// JoinLateral joins a subquery that may use the columns of the tables before it, so that
// it is asked anew for each of their rows. Without conditions it joins all its rows. Only
// Postgres knows it; on SQLite the query is an error that names the way out.
func (q Query[R]) JoinLateral(d Derivation, on ...Cond) Query[R] {
	return Query[R]{q: q.q.joinQuery("JoinLateral", d, on, false, true)}
}

// LeftJoinLateral is [Query.JoinLateral], but keeps rows without a match.
func (q Query[R]) LeftJoinLateral(d Derivation, on ...Cond) Query[R] {
	return Query[R]{q: q.q.joinQuery("JoinLateral", d, on, true, true)}
}

//go:noinline
func (q *query) joinQuery(method string, d Derivation, on []Cond, left, lateral bool) *query {
	return q.with(func(n *query) error {
		if err := n.only(method, selectQuery); err != nil {
			return err
		}
		if err := d.body(method); err != nil {
			return err
		}
		nodes, err := nodesOf(on)
		switch {
		case err != nil:
			return err
		case n.sel.From == nil:
			return fmt.Errorf("models: %s %s: the query has no table yet: name one with From", method, d.source.As)
		case len(on) == 0 && !lateral:
			return fmt.Errorf("models: JoinQuery %s: a query has no foreign key: give a condition", d.source.As)
		}
		n.sel.Joins = append(clip(n.sel.Joins), dialect.Join{
			Source: d.source, Left: left, Body: d.query, Lateral: lateral, On: dialect.Logic{Op: "AND", Kids: nodes},
		})
		n.reads(append(subOf(on), d.tables...))
		return nil
	})
}

// body reports why d can not stand in FROM.
func (d Derivation) body(method string) error {
	switch {
	case d.err != nil:
		return d.err
	case d.query == nil:
		return errZeroDerivation
	case d.step != nil:
		return fmt.Errorf("models: %s: a recursive query needs a name: use WithCTE", method)
	}
	return nil
}

// derivedRows reads rows of a derived table, which have no part in a session.
type derivedRows struct{ entity }

func (d derivedRows) sink(hint int, _ bool) rowSink {
	return &strangers{&entitySink{excerpt: d.excerpt, maker: d.maker, hint: hint}}
}
