package dialect

import (
	"strconv"
	"strings"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

// A Node is a part of a statement: a column, a value, a condition. Nodes are not
// changed once they are made and may be part of several statements.
type Node interface{ write(w *Writer) }

type (
	// A Column names a column of a source.
	Column struct {
		Source *Source
		Name   string
	}
	// All stands for all columns of a source, in the order of its table.
	All struct{ Source *Source }
	// A Param is a value.
	Param struct{ Value driver.Value }
	// A Number is a row count of LIMIT. It is written out where that helps: SQLite prepares
	// a statement anew whenever a parameter in LIMIT is bound, and Postgres plans better
	// for one or two rows when it knows. Elsewhere it is a parameter.
	Number struct{ N int64 }
	// Star is the * of COUNT(*).
	Star struct{}
	// A Compare is L Op R. Neither side is NULL.
	Compare struct {
		L  Node
		Op string
		R  Node
	}
	// A Null is X IS NULL, or with Not X IS NOT NULL.
	Null struct {
		X   Node
		Not bool
	}
	// A Between is X BETWEEN Lo AND Hi.
	Between struct{ X, Lo, Hi Node }
	// A Logic joins conditions with Op, "AND" or "OR". Without conditions it is true for
	// AND and false for OR.
	Logic struct {
		Op   string
		Kids []Node
	}
	// A Negation is NOT X.
	Negation struct{ X Node }
	// An In says that X is, or with Not is none, of Values, which are of one kind and not
	// NULL.
	In struct {
		X      Node
		Values []driver.Value
		Not    bool
	}
	// A Like compares a text with a pattern in which % stands for any text, _ for one
	// character and \ takes the meaning from the next character.
	Like struct {
		X       Node
		Pattern string
		// Fold: upper and lower case are the same.
		Fold bool
	}
	// A Call is a function.
	Call struct {
		Name     string
		Distinct bool
		Args     []Node
		// Foreign: the name is somebody's, so what the function does is not known.
		Foreign bool
	}
	// A Cast is CAST(X AS To).
	Cast struct {
		X  Node
		To schema.Type
	}
	// An As names a column of the result.
	As struct {
		X    Node
		Name string
	}
	// An Order is one term of ORDER BY.
	Order struct {
		X    Node
		Desc bool
	}
)

func (n Column) write(w *Writer) { w.column(n.Source, n.Name) }

func (n All) write(w *Writer) {
	if len(w.sources) > 1 || w.qualify {
		w.str(n.Source.qualified)
	} else {
		w.str(n.Source.names)
	}
}

func (n Param) write(w *Writer) { w.param(n.Value) }

func (n Number) write(w *Writer) {
	if w.d == SQLite || n.N <= 2 {
		w.buf = strconv.AppendInt(w.buf, n.N, 10)
	} else {
		w.param(driver.Int64(n.N))
	}
}

func (Star) write(w *Writer) { w.str("*") }

func (n Compare) write(w *Writer) {
	n.L.write(w)
	w.str(" ")
	w.str(n.Op)
	w.str(" ")
	n.R.write(w)
}

func (n Null) write(w *Writer) {
	n.X.write(w)
	if n.Not {
		w.str(" IS NOT NULL")
	} else {
		w.str(" IS NULL")
	}
}

func (n Between) write(w *Writer) {
	n.X.write(w)
	w.str(" BETWEEN ")
	n.Lo.write(w)
	w.str(" AND ")
	n.Hi.write(w)
}

func (n Logic) write(w *Writer) {
	switch {
	case len(n.Kids) == 1:
		n.Kids[0].write(w)
		return
	case len(n.Kids) == 0 && n.Op == "AND":
		w.str("TRUE")
		return
	case len(n.Kids) == 0:
		w.str("FALSE")
		return
	}
	w.str("(")
	for i, k := range n.Kids {
		if i > 0 {
			w.str(" ")
			w.str(n.Op)
			w.str(" ")
		}
		k.write(w)
	}
	w.str(")")
}

func (n Negation) write(w *Writer) {
	w.str("NOT (")
	n.X.write(w)
	w.str(")")
}

func (n In) write(w *Writer) {
	if len(n.Values) == 0 {
		Logic{Op: map[bool]string{true: "AND", false: "OR"}[n.Not]}.write(w)
		return
	}
	n.X.write(w)
	array, ok := arrayOf(n.Values, w.d)
	switch {
	case ok && w.d == Postgres && n.Not:
		w.str(" <> ALL(")
	case ok && w.d == Postgres:
		w.str(" = ANY(")
	case n.Not:
		w.str(" NOT IN (")
	default:
		w.str(" IN (")
	}
	switch {
	case ok && w.d == SQLite:
		w.str("SELECT value FROM json_each(")
		w.param(array)
		w.str(")")
	case ok:
		w.param(array)
	default:
		for i, v := range n.Values {
			if i > 0 {
				w.str(", ")
			}
			w.param(v)
		}
	}
	w.str(")")
}

func (n Like) write(w *Writer) {
	n.X.write(w)
	switch {
	case w.d == SQLite && !n.Fold:
		w.str(" GLOB ")
		w.param(driver.Text(glob(n.Pattern)))
		return
	case w.d == Postgres && n.Fold:
		w.str(" ILIKE ")
	default:
		w.str(" LIKE ")
	}
	w.param(driver.Text(n.Pattern))
	if w.d == SQLite {
		w.str(` ESCAPE '\'`)
	}
}

// glob turns a LIKE pattern into one for GLOB, the only pattern match of SQLite that
// tells upper from lower case (https://www.sqlite.org/lang_expr.html#glob).
func glob(like string) string {
	var b strings.Builder
	for i := 0; i < len(like); i++ {
		c := like[i]
		switch c {
		case '%':
			b.WriteByte('*')
			continue
		case '_':
			b.WriteByte('?')
			continue
		case '\\':
			if i++; i == len(like) {
				return b.String() + `\`
			}
			c = like[i]
		}
		if c == '*' || c == '?' || c == '[' {
			b.WriteByte('[')
			b.WriteByte(c)
			c = ']'
		}
		b.WriteByte(c)
	}
	return b.String()
}

func (n Call) write(w *Writer) {
	w.foreign = w.foreign || n.Foreign
	w.str(n.Name)
	w.str("(")
	if n.Distinct {
		w.str("DISTINCT ")
	}
	w.list(n.Args)
	w.str(")")
}

func (n Cast) write(w *Writer) {
	w.str("CAST(")
	n.X.write(w)
	w.str(" AS ")
	w.str(w.d.Type(n.To))
	w.str(")")
}

func (n As) write(w *Writer) { n.X.write(w) } // see Writer.results for the name

func (n Order) write(w *Writer) {
	n.X.write(w)
	if n.Desc {
		w.str(" DESC")
	}
}
