package models

import (
	"errors"
	"fmt"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
)

// insertInto is where the rows of a query go.
type insertInto struct {
	columns []string
	rows    *dialect.Select
}

// InsertFrom inserts the rows of a query without moving them through the program; [Exec]
// carries it out. into are the addresses of the columns for the query's values in their
// order; types have to be the same. Columns that are left out get their default, or
// NULL; times tagged created or updated get none from the clock, so name them.
//
//	models.InsertFrom(archiveT, models.Select2(models.Col(&postT.ID), models.Col(&postT.Title)).
//		Where(models.Lt(&postT.CreatedAt, limit)), &archiveT.PostID, &archiveT.Title)
func InsertFrom[T, R any](proto *T, q Query[R], into ...any) Query[*T] {
	return Query[*T]{q: change(proto, insertSelectQuery, makerOf[T]()).insertFrom(q.q, into)}
}

//go:noinline
func (q *query) insertFrom(from *query, into []any) *query {
	return q.with(func(n *query) error {
		sel, tables, err := from.nested("InsertFrom")
		if err != nil {
			return err
		}
		if sel.Lock != dialect.NoLock {
			return errors.New("models: InsertFrom of a query with ForUpdate: leave it out")
		}
		in := &insertInto{rows: sel}
		var got []*codec
		if v, ok := from.rows.(interface{ codecs() []*codec }); ok {
			got = v.codecs()
		}
		if len(into) != len(got) {
			return fmt.Errorf("models: InsertFrom: the query has %d columns, and there are %d for them", len(got), len(into))
		}
		for i, p := range into {
			col, err := columnOf(p)
			if err != nil {
				return err
			}
			if col.source != n.sel.From {
				return fmt.Errorf("models: InsertFrom: %s is no column of %s", col.f.name, n.sel.From.As)
			}
			if got[i].kind != col.c.kind || got[i].kind == schema.Other {
				return fmt.Errorf("models: InsertFrom: %s is %s, and column %d of the query is %s", col.f.path, col.c.kind, i+1, got[i].kind)
			}
			in.columns = append(in.columns, col.f.name)
		}
		n.into = in
		n.reads(tables)
		return nil
	})
}

func (v values) codecs() []*codec {
	out := make([]*codec, len(v.cells))
	for i := range v.cells {
		out[i] = v.cells[i].c
	}
	return out
}

func (e entity) codecs() []*codec {
	out := make([]*codec, len(e.t.fields))
	for i, f := range e.t.fields {
		out[i] = f.codec
	}
	return out
}
