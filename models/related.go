package models

import (
	"fmt"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// Has is true for rows from which the relation leads to an object for which all
// conditions are true. The conditions name columns of the relation's target and may
// themselves be about relations of it; in a relation to its own table they are about the
// target, not about the row that is asked.
//
//	models.From(userT).Where(models.Has(&userT.Posts, models.Has(&postT.Tags, models.Eq(&tagT.Name, "go"))))
func Has(field Relation, conds ...Cond) Cond {
	n, _, tables, err := related(field, conds)
	return Cond{node: n, err: err, sub: tables}
}

// HasNone is true for rows from which the relation leads to no such object; see [Has].
func HasNone(field Relation, conds ...Cond) Cond {
	n, _, tables, err := related(field, conds)
	return Cond{node: dialect.Negation{X: n}, err: err, sub: tables}
}

// Counted is the number of objects that the relation leads to and for which all
// conditions are true (see [Has]), without loading them; 0 if there are none. It fits
// wherever an expression does:
//
//	models.Select2(models.Col(&userT.Name), models.Counted(&userT.Posts))
//	models.From(userT).OrderBy(models.Counted(&userT.Posts, models.Eq(&postT.Draft, false)).Desc())
//	models.From(userT).Where(models.Counted(&userT.Posts).Gt(10))
//
// For objects that were loaded before there is [CountEach].
func Counted(field Relation, conds ...Cond) Expr[int64] {
	n, col, tables, err := related(field, conds)
	if err != nil {
		return Expr[int64]{x: term{err: err}}
	}
	n.Count = true
	return Expr[int64]{x: term{node: n, c: int64Codec, col: &column{t: col.t, source: col.source}, sub: tables}}
}

// related makes the question for what a relation leads to.
func related(field Relation, conds []Cond) (n dialect.Related, col *column, tables []*table, err error) {
	if col, err = relationColumn(field); err != nil {
		return n, nil, nil, err
	}
	nodes, err := nodesOf(conds)
	rel := col.rel
	tables = append(subOf(conds), rel.target)
	if via := rel.via.Load(); via != nil {
		tables = append(tables, via.t)
	}
	return dialect.Related{Of: col.source, Target: rel.target.source, Path: rel.leads, Where: nodes}, col, tables, err
}

// leads is how the relation leads to its target.
func (rel *relation) leads() (p dialect.Path, err error) {
	if err = rel.ready(); err != nil {
		return p, err
	}
	p.Near, p.Far = rel.near().name, rel.far().name
	if via := rel.via.Load(); via != nil {
		p.Via, p.Own, p.Other = via.between, via.own.name, via.other.name
	}
	return p, nil
}

// Along is the condition that a row of to, a prototype or an alias of the relation's
// target, is what the relation leads to: for a table that is joined under another name.
//
//	q.Join(bossT, models.Along(&workerT.Boss, bossT))
//
// A relation through an association needs the association joined too: Join takes the
// field itself.
func Along(field Relation, to any) Cond {
	col, err := relationColumn(field)
	if err != nil {
		return Cond{err: err}
	}
	dest, err := prototypeOf(to)
	switch rel := col.rel; {
	case err != nil:
		return Cond{err: err}
	case dest.t != rel.target:
		return Cond{err: fmt.Errorf("models: Along: %s, not to %s", rel.describe(), dest.t.typ.Name())}
	case rel.kind == manyToMany:
		return Cond{err: fmt.Errorf("models: Along: %s goes through %s: join the field itself", rel, rel.through)}
	default:
		return Cond{node: dialect.Compare{
			L: dialect.Column{Source: dest.source, Name: rel.far().name}, Op: "=", R: dialect.Column{Source: col.source, Name: rel.near().name},
		}}
	}
}

// along joins what a relation leads to.
func (q *query) along(field Relation, on []Cond, left bool) error {
	col, err := relationColumn(field)
	if err != nil {
		return err
	}
	rel := col.rel
	p, err := rel.leads()
	if err != nil {
		return err
	}
	to := rel.target.source
	if to == col.source {
		return fmt.Errorf("models: Join: %s leads to its own table: join an alias, Join(boss, models.Along(…, boss))", rel)
	}
	nodes, err := nodesOf(on)
	if err != nil {
		return err
	}
	near, far := dialect.Column{Source: col.source, Name: p.Near}, dialect.Column{Source: to, Name: p.Far}
	tables := append(subOf(on), rel.target)
	if p.Via != nil {
		q.add(p.Via, left, []dialect.Node{dialect.Compare{L: dialect.Column{Source: p.Via, Name: p.Own}, Op: "=", R: near}})
		near = dialect.Column{Source: p.Via, Name: p.Other}
		tables = append(tables, rel.via.Load().t)
	}
	q.add(to, left, append([]dialect.Node{dialect.Compare{L: far, Op: "=", R: near}}, nodes...))
	q.reads(tables)
	return nil
}

// add adds a join.
func (q *query) add(s *dialect.Source, left bool, on []dialect.Node) {
	cond := dialect.Logic{Op: "AND", Kids: on}
	q.sel.Joins = append(clip(q.sel.Joins), dialect.Join{Source: s, Left: left, On: cond})
	if q.kind != selectQuery { // it has no ON: the tables stand in a list
		q.sel.Where = append(clip(q.sel.Where), cond)
	}
}
