package models

import (
	"errors"
	"fmt"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
)

// A Conflict is an INSERT that still has to say what becomes of rows that are there
// already; see [Query.OnConflict].
type Conflict[R any] struct {
	q       Query[R]
	columns []any
}

// OnConflict makes an [Insert] or [InsertFrom] an upsert. columns are the addresses of
// the columns of the unique constraint that may refuse a row; without them every unique
// constraint is meant, which fits DoNothing only.
//
//	models.Insert(users...).OnConflict(&userT.Email).
//		DoUpdate(models.ToExpr(&userT.FullName, models.Excluded(&userT.FullName)))
func (q Query[R]) OnConflict(columns ...any) Conflict[R] { return Conflict[R]{q, columns} }

// DoNothing drops rows that are there already. [Exec] counts those inserted; the objects
// of the others keep their zero keys.
func (c Conflict[R]) DoNothing() Query[R] {
	return Query[R]{q: c.q.q.onConflict(c.columns, nil, nil)}
}

// DoUpdate changes the row that is there; [Excluded] is what was to be inserted. Each
// object gets the key of its row, whether that was inserted or changed. Two objects for
// one row in one Insert are an error on Postgres, on SQLite the last one wins.
func (c Conflict[R]) DoUpdate(assigns ...Assign) Query[R] {
	return Query[R]{q: c.q.q.doUpdate(c.columns, nil, assigns)}
}

// DoUpdateWhere is [Conflict.DoUpdate] for rows for which all conditions are true; others
// stay as they are, and what has to be said of DoNothing holds for their objects. The
// conditions speak of the row that is there, and with Excluded of the new one.
func (c Conflict[R]) DoUpdateWhere(where []Cond, assigns ...Assign) Query[R] {
	return Query[R]{q: c.q.q.doUpdate(c.columns, where, assigns)}
}

func (q *query) doUpdate(columns []any, where []Cond, assigns []Assign) *query {
	if len(assigns) == 0 {
		return q.with(func(*query) error { return errors.New("models: DoUpdate without To: use DoNothing") })
	}
	if len(columns) == 0 {
		return q.with(func(*query) error {
			return errors.New("models: DoUpdate needs the columns of the constraint: name them in OnConflict")
		})
	}
	return q.onConflict(columns, assigns, where)
}

//go:noinline
func (q *query) onConflict(columns []any, assigns []Assign, where []Cond) *query {
	return q.with(func(n *query) error {
		if err := n.only("OnConflict", insertQuery, insertSelectQuery); err != nil {
			return err
		}
		k := &dialect.Conflict{}
		var source *dialect.Source
		if n.kind == insertSelectQuery {
			source = n.sel.From
		}
		for _, p := range columns {
			col, err := columnOf(p)
			if err != nil {
				return err
			}
			if source == nil {
				source = col.source
			}
			if col.source != source {
				return fmt.Errorf("models: OnConflict: %s is no column of %s", col.f.name, source.As)
			}
			k.Columns = append(k.Columns, col.f.name)
		}
		var err error
		if k.Where, err = nodesOf(where); err != nil {
			return err
		}
		if len(where) == 0 {
			k.Where = nil
		}
		if assigns != nil {
			var sub []*table
			if k.Set, sub, err = assignments("DoUpdate", source, assigns); err != nil {
				return err
			}
			n.reads(append(subOf(where), sub...))
		}
		k.Source = source
		n.conflict = k
		return nil
	})
}

// certain reports whether each row of an INSERT comes back by RETURNING, so that many
// rows of one statement can be told apart by their order.
func certain(c *dialect.Conflict) bool {
	return c == nil || len(c.Set) > 0 && len(c.Where) == 0
}

// upsert puts the clause behind the text of a batch.
func (b *batch) upsert(d dialect.Dialect, c *dialect.Conflict) error {
	if c.Source != nil && c.Source != b.t.source {
		return fmt.Errorf("models: OnConflict: the columns are those of %s, not of %s", c.Source.As, b.t.facts.Name)
	}
	clause := *c
	clause.Source = b.t.source
	w := dialect.NewWriter(d)
	defer w.Free()
	var back []dialect.Node
	for _, f := range b.read {
		back = append(back, dialect.Column{Source: b.t.source, Name: f.name})
	}
	w.Insert(d.Insert(b.t.facts.Name, columnNames(b.write), len(b.objs), nil), b.st.Args)
	w.Conflict(&clause)
	w.Returning(b.t.source, back)
	if err := w.Err(); err != nil {
		return fmt.Errorf("models: %w", err)
	}
	b.st.SQL, b.st.Args, b.st.Foreign = intern(w.Text()), w.Args(), w.Foreign()
	b.maybe = !certain(c)
	return nil
}

// inserted reports whether a row of the batch was inserted or changed, as far as that is
// not sure.
func (b *batch) inserted(st *driver.Statement) bool {
	if !b.maybe {
		return true
	}
	if b.back != nil {
		return b.back.rows > 0
	}
	return st.Affected > 0
}
