package dialect

import "github.com/spillwaydb/spillway/internal/schema"

// A CTE is a query with a name, of which the rest of the statement can select.
type CTE struct {
	Table *schema.Table // its name and columns
	Query *Select
	// Step, if there is one, is repeated on its own rows until it has no new ones.
	Step *Select
}

// with writes the queries with a name.
func (w *Writer) with(ctes []CTE) {
	for i := range ctes {
		c := &ctes[i]
		for _, have := range w.ctes {
			if have.Name == c.Table.Name {
				w.fail("there are two common table expressions %s", c.Table.Name)
			}
		}
		if i == 0 {
			w.str("WITH ")
			for j := range ctes {
				if ctes[j].Step != nil {
					w.str("RECURSIVE ")
					break
				}
			}
		} else {
			w.str(", ")
		}
		names := make([]string, len(c.Table.Columns))
		for j, col := range c.Table.Columns {
			names[j] = col.Name
		}
		w.name(c.Table.Name)
		w.str("(" + quoteAll(names) + ") AS (")
		w.Select(c.Query)
		w.ctes = append(w.ctes, c.Table)
		if c.Step != nil {
			w.str(" UNION ALL ")
			if !c.Step.plain() || len(c.Step.Parts) > 0 || len(c.Step.OrderBy) > 0 {
				w.fail("the recursive part of %s can have no Union, OrderBy, Limit, GroupBy or Distinct: put them into the query that selects from it", c.Table.Name)
			}
			w.Select(c.Step)
		}
		w.str(")")
	}
	if len(ctes) > 0 {
		w.str(" ")
	}
}

// A Ranking is a function that needs a window, such as ROW_NUMBER.
type Ranking struct{ Call Call }

func (n Ranking) write(w *Writer) {
	w.fail("%s needs a window: add Over", n.Call.Name)
	n.Call.write(w)
}

// A Window says over which rows a function looks.
type Window struct {
	Partition []Node
	OrderBy   []Node
	// Frame is the ROWS clause, empty for the default.
	Frame string
}

// An Over is a function over a window. X is a Call or Ranking, or a Cast of one.
type Over struct {
	X      Node
	Window Window
}

func (n Over) write(w *Writer) {
	behind(w, n.X, "Over", func() {
		w.str(" OVER (")
		space := ""
		if len(n.Window.Partition) > 0 {
			w.str("PARTITION BY ")
			w.list(n.Window.Partition)
			space = " "
		}
		if len(n.Window.OrderBy) > 0 {
			w.str(space + "ORDER BY ")
			w.list(n.Window.OrderBy)
			space = " "
		}
		if n.Window.Frame != "" {
			w.str(space + n.Window.Frame)
		}
		w.str(")")
	})
}

// A Combined is a further part of a Select that combines several.
type Combined struct {
	// Op is UNION, UNION ALL, INTERSECT or EXCEPT; empty for the first part.
	Op    string
	Query *Select
}

// combined writes the parts. What orders or limits a part, or combines itself, is put
// into a query around it, since SQLite knows no parentheses there.
func (w *Writer) combined(parts []Combined) {
	for i := range parts {
		p := &parts[i]
		if i > 0 {
			w.str(" " + p.Op + " ")
		}
		q := p.Query
		if q.Lock != NoLock {
			w.fail("ForUpdate and ForShare do not fit Union, Intersect and Except")
		}
		if len(q.Parts) > 0 || len(q.OrderBy) > 0 || q.Limit != nil || q.Offset != nil || len(q.With) > 0 {
			w.str("SELECT * FROM (")
			w.Select(q)
			w.str(") AS part")
			continue
		}
		w.Select(q)
	}
}

// position finds the column of a combined query's first part that a term of ORDER BY
// means, counted from 1; 0 if there is none.
func position(s *Select, x Node) int {
	for len(s.Parts) > 0 {
		s = s.Parts[0].Query
	}
	at := 0
	for _, c := range s.Columns {
		if all, ok := c.(All); ok {
			for _, col := range all.Source.Table.Columns {
				at++
				if same(x, Column{all.Source, col.Name}) {
					return at
				}
			}
			continue
		}
		at++
		if same(c, x) {
			return at
		}
	}
	return 0
}

// same reports whether two nodes are one column, or have one name in the result.
func same(a, b Node) bool {
	if as, ok := a.(As); ok {
		if other, ok := b.(As); ok {
			return as.Name == other.Name
		}
		a = as.X
	}
	ca, ok1 := a.(Column)
	cb, ok2 := b.(Column)
	return ok1 && ok2 && ca == cb
}
