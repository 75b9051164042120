package dialect

type (
	// A Scalar is the only value of a query of one row and one column.
	Scalar struct{ Query *Select }
	// An ExistsIn is true if the query has a row.
	ExistsIn struct{ Query *Select }
	// An InQuery says that X is, or with Not is none, of the query's values.
	InQuery struct {
		X     Node
		Query *Select
		Not   bool
	}
)

func (n Scalar) write(w *Writer) { w.nested(n.Query) }

func (n ExistsIn) write(w *Writer) {
	inner := *n.Query
	inner.OrderBy = nil
	if inner.plain() {
		inner.Columns = []Node{one{}}
	}
	w.str("EXISTS ")
	w.nested(&inner)
}

func (n InQuery) write(w *Writer) {
	n.X.write(w)
	if n.Not {
		w.str(" NOT")
	}
	w.str(" IN ")
	w.nested(n.Query)
}

// one is the constant 1.
type one struct{}

func (one) write(w *Writer) { w.str("1") }

// nested writes a query in parentheses. Locks belong to the whole statement.
func (w *Writer) nested(s *Select) {
	if s.Lock != NoLock {
		w.fail("ForUpdate and ForShare belong to the outer query, not to a subquery")
	}
	w.str("(")
	w.Select(s)
	w.str(")")
}
