package dialect

import (
	"reflect"
	"strconv"

	"github.com/spillwaydb/spillway/internal/driver"
)

// terms writes what GROUP BY or ORDER BY lists. To the database an expression with
// arguments is another one than the same expression in the result, since the arguments
// have other numbers; so it is named by its place there.
func (w *Writer) terms(nodes, columns []Node) {
	for i, n := range nodes {
		if i > 0 {
			w.str(", ")
		}
		o, ordered := n.(Order)
		if !ordered {
			o.X = n
		}
		at := w.selected(o.X, columns)
		if at == 0 {
			n.write(w)
			continue
		}
		w.str(strconv.Itoa(at))
		if o.Desc {
			w.str(" DESC")
		}
	}
}

// selected returns the place, counted from 1, of an expression with arguments among the
// columns; 0 if it has none.
func (w *Writer) selected(x Node, columns []Node) int {
	text, args := w.apart(x)
	if len(args) == 0 {
		return 0
	}
	at := 0
	for _, c := range columns {
		if all, ok := c.(All); ok {
			at += len(all.Source.Table.Columns)
			continue
		}
		at++
		if t, a := w.apart(c); t == text && len(a) == len(args) {
			same := true
			for i := range a {
				same = same && reflect.DeepEqual(a[i].Any(), args[i].Any())
			}
			if same {
				return at
			}
		}
	}
	return 0
}

// apart returns what a node would write by itself.
func (w *Writer) apart(n Node) (string, []driver.Value) {
	buf, args := w.buf, w.args
	w.buf, w.args = nil, nil
	n.write(w)
	text, mine := string(w.buf), w.args
	w.buf, w.args = buf, args
	return text, mine
}
