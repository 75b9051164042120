package dialect

import (
	"strconv"
	"strings"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A JSONPath is what stands at a path of a document.
type JSONPath struct {
	X    Node
	Path []any // string for a member, int for an element; negative counts from the end
	As   JSONAs
}

// JSONAs says as what a [JSONPath] is read. What is not of that type is NULL, except that
// everything has a text.
type JSONAs uint8

// The types.
const (
	JSONText JSONAs = iota
	JSONInt
	JSONFloat
	JSONBool
	JSONExists
)

func (n JSONPath) write(w *Writer) {
	if w.d == SQLite {
		n.sqlite(w)
		return
	}
	path := func(op string) {
		w.str("(")
		n.X.write(w)
		w.str(" " + op + " ")
		w.castTo(n.elements(), "text[]")
		w.str(")")
	}
	typed := func(kind, before, after string) {
		w.str("CASE WHEN jsonb_typeof")
		path("#>")
		w.str(" = '" + kind + "' THEN " + before)
		path("#>>")
		w.str(after + " END")
	}
	switch n.As {
	case JSONInt:
		typed("number", "CAST(TRUNC(CAST(", " AS numeric)) AS bigint)")
	case JSONFloat:
		typed("number", "CAST(", " AS double precision)")
	case JSONBool:
		typed("boolean", "CAST(", " AS boolean)")
	case JSONExists:
		path("#>")
		w.str(" IS NOT NULL")
	default:
		path("#>>")
	}
}

func (w *Writer) castTo(v driver.Value, to string) {
	w.str("CAST(")
	w.param(v)
	w.str(" AS " + to + ")")
}

func (n JSONPath) elements() driver.Value {
	out := make([]string, len(n.Path))
	for i, p := range n.Path {
		switch p := p.(type) {
		case string:
			out[i] = p
		case int:
			out[i] = strconv.Itoa(p)
		}
	}
	return driver.Array(out)
}

func (n JSONPath) sqlite(w *Writer) {
	path := driver.Text(n.path(w))
	call := func(name string) {
		w.str(name + "(")
		n.X.write(w)
		w.str(", ")
		w.param(path)
		w.str(")")
	}
	number := func(to string) {
		w.str("CASE WHEN ")
		call("json_type")
		w.str(" IN ('integer', 'real') THEN CAST(")
		call("json_extract")
		w.str(" AS " + to + ") END")
	}
	switch n.As {
	case JSONInt:
		number("INTEGER")
	case JSONFloat:
		number("REAL")
	case JSONBool:
		w.str("CASE ")
		call("json_type")
		w.str(" WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END")
	case JSONExists:
		call("json_type")
		w.str(" IS NOT NULL")
	default: // a bool would be 0 or 1
		w.str("CASE ")
		call("json_type")
		w.str(" WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(")
		call("json_extract")
		w.str(" AS TEXT) END")
	}
}

// path writes a path as SQLite has it (https://www.sqlite.org/json1.html#path_arguments).
func (n JSONPath) path(w *Writer) string {
	var b strings.Builder
	b.WriteByte('$')
	for _, p := range n.Path {
		switch p := p.(type) {
		case string:
			if strings.ContainsAny(p, `"\`) {
				w.fail(`sqlite has no path to a JSON member with " or \ in its name: use Raw, with json_each`)
			}
			b.WriteString(`."` + p + `"`)
		case int:
			if p < 0 {
				b.WriteString("[#" + strconv.Itoa(p) + "]")
			} else {
				b.WriteString("[" + strconv.Itoa(p) + "]")
			}
		}
	}
	return b.String()
}
