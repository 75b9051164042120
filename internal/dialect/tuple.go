package dialect

import "github.com/spillwaydb/spillway/internal/driver"

// A Tuple is several values that are compared as one, the first difference deciding.
type Tuple []Node

func (n Tuple) write(w *Writer) {
	if len(n) == 1 {
		n[0].write(w)
		return
	}
	w.str("(")
	w.list(n)
	w.str(")")
}

// An InRows says that X is, or with Not is none, of Rows, whose values are not NULL.
type InRows struct {
	X    Tuple
	Rows [][]driver.Value
	Not  bool
}

func (n InRows) write(w *Writer) {
	if len(n.Rows) == 0 {
		In{Not: n.Not}.write(w)
		return
	}
	if params := len(n.Rows) * len(n.X); params > w.d.MaxParams() {
		w.fail("a list of %d rows needs %d parameters, and %s takes %d: ask in parts, or put the rows into a table and use InQuery", len(n.Rows), params, w.d, w.d.MaxParams())
		return
	}
	n.X.write(w)
	if n.Not {
		w.str(" NOT")
	}
	w.str(" IN (")
	if w.d == SQLite { // its row values are compared with rows of a query only
		w.str("VALUES ")
	}
	for i, row := range n.Rows {
		if i > 0 {
			w.str(", ")
		}
		w.str("(")
		for k, v := range row {
			if k > 0 {
				w.str(", ")
			}
			w.param(v)
		}
		w.str(")")
	}
	w.str(")")
}
