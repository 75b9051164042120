package dialect

// A Top keeps the first rows of each group of a [Select].
type Top struct {
	// Select is what is selected; its OrderBy decides which rows are first.
	Select *Select
	// Source is the source whose columns come first.
	Source *Source
	// By is what the rows of a group have in common.
	By Node
	// Keyed: By comes behind the columns.
	Keyed bool
	Most  Node
}

const (
	topRow = "spillway_row"
	topKey = "spillway_key"
)

// Top writes t: the rows group by group come in their order.
func (w *Writer) Top(t *Top) {
	inner := *t.Select
	inner.OrderBy = nil
	inner.Columns = []Node{All{t.Source}}
	if t.Keyed {
		inner.Columns = append(inner.Columns, As{t.By, topKey})
	}
	inner.Columns = append(inner.Columns, As{rowNumber{t.By, t.Select.OrderBy}, topRow})
	w.str("SELECT ")
	w.str(t.Source.names)
	if t.Keyed {
		w.str(", " + topKey)
	}
	w.str(" FROM (")
	w.Select(&inner)
	w.str(") AS spillway_top WHERE " + topRow + " <= ")
	t.Most.write(w)
	w.str(" ORDER BY " + topRow)
}

// rowNumber numbers the rows of each partition.
type rowNumber struct {
	by    Node
	order []Node
}

func (n rowNumber) write(w *Writer) {
	w.str("ROW_NUMBER() OVER (PARTITION BY ")
	n.by.write(w)
	if len(n.order) > 0 {
		w.str(" ORDER BY ")
		w.list(n.order)
	}
	w.str(")")
}
