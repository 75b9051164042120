package dialect

import (
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

// A Source is a table as it takes part in a statement: by its own name or by another.
// Sources are told apart by their address.
type Source struct {
	Table *schema.Table
	// As is the name in the statement; the table's own if it is no alias.
	As string
	// names are all columns, quoted, without and with the source's name before them.
	names, qualified string
}

// NewSource makes a source that is called as in its statements.
func NewSource(t *schema.Table, as string) *Source {
	s := &Source{Table: t, As: as}
	for i, c := range t.Columns {
		sep := ", "
		if i == 0 {
			sep = ""
		}
		s.names += sep + Quote(c.Name)
		s.qualified += sep + Quote(as) + "." + Quote(c.Name)
	}
	return s
}

// A Writer collects the text of a statement and its arguments. Take one with
// [NewWriter], give it back with [Writer.Free].
type Writer struct {
	d        Dialect
	buf      []byte
	args     []driver.Value
	sources  []*Source
	ctes     []*schema.Table // those in sight
	conflict bool            // inside ON CONFLICT DO UPDATE
	// qualify: a bare name would be ambiguous, although only one source is in sight.
	qualify bool
	rebased []rebasing // those being written, the innermost last
	related int        // how many sources Related has made
	foreign bool       // a function was called that is not the builder's own
	err     error
}

var writers = sync.Pool{New: func() any { return &Writer{buf: make([]byte, 0, 512)} }}

// NewWriter returns an empty writer.
func NewWriter(d Dialect) *Writer {
	w := writers.Get().(*Writer)
	w.d = d
	return w
}

// Free gives w back for another statement; Text is no longer valid then.
func (w *Writer) Free() {
	if cap(w.buf) > 64<<10 {
		w.buf = nil
	}
	clear(w.sources)
	*w = Writer{buf: w.buf[:0], sources: w.sources[:0]}
	writers.Put(w)
}

// Dialect returns the dialect that w writes.
func (w *Writer) Dialect() Dialect { return w.d }

// Foreign reports whether the text calls a function of which only the name is known.
func (w *Writer) Foreign() bool { return w.foreign }

// Text returns the text so far. It is valid until Free.
func (w *Writer) Text() []byte { return w.buf }

// Args returns the arguments; they belong to the caller.
func (w *Writer) Args() []driver.Value { return w.args }

// Err returns the first mistake found.
func (w *Writer) Err() error { return w.err }

func (w *Writer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

func (w *Writer) str(s string) { w.buf = append(w.buf, s...) }

func (w *Writer) name(s string) {
	w.buf = append(w.buf, '"')
	for i := range len(s) {
		if s[i] == '"' {
			w.buf = append(w.buf, '"')
		}
		w.buf = append(w.buf, s[i])
	}
	w.buf = append(w.buf, '"')
}

// param writes the placeholder of the next argument.
func (w *Writer) param(v driver.Value) {
	w.args = append(w.args, v)
	if w.d == SQLite {
		w.buf = append(w.buf, '?')
	} else {
		w.buf = append(w.buf, '$')
	}
	w.buf = strconv.AppendInt(w.buf, int64(len(w.args)), 10)
}

// list writes nodes with commas between.
func (w *Writer) list(nodes []Node) {
	for i, n := range nodes {
		if i > 0 {
			w.str(", ")
		}
		n.write(w)
	}
}

// column writes a column, with its source's name where the statement has several.
func (w *Writer) column(s *Source, name string) {
	if len(w.rebased) > 0 {
		s = w.rebase(s)
	}
	known := false
	for _, have := range slices.Backward(w.sources) {
		if have == s {
			known = true
			break
		}
		if have.As == s.As {
			w.fail("column %s.%s is hidden by the %s of a subquery: give one of them another name with Alias", s.As, name, s.As)
		}
	}
	switch {
	case known:
	case len(w.sources) == 0:
		w.fail("column %s.%s is used, but the query has no table: name it with From", s.As, name)
	default:
		w.fail("column %s.%s is used, but %s is not in the query: join it", s.As, name, s.As)
	}
	if len(w.sources) > 1 || w.qualify {
		w.name(s.As)
		w.buf = append(w.buf, '.')
	}
	w.name(name)
}

func (w *Writer) source(s *Source) {
	if len(s.Table.Key) == 0 && !slices.Contains(w.ctes, s.Table) { // every table has a key
		w.fail("%s is derived from a query, which is missing: give it with WithCTE, FromQuery or JoinQuery", s.As)
	}
	w.name(s.Table.Name)
	if s.As != s.Table.Name {
		w.str(" AS ")
		w.name(s.As)
	}
}

// Raw writes text as it stands.
func (w *Writer) Raw(text string) { w.str(text) }

// Param writes one argument.
func (w *Writer) Param(v driver.Value) { w.param(v) }

// Params writes arguments with commas between. Of none it makes a subquery without rows,
// typed as kind, since IN () is no SQL and IN (NULL) makes NOT IN false.
func (w *Writer) Params(kind schema.Kind, values []driver.Value) {
	if len(values) == 0 {
		w.str("SELECT CAST(NULL AS ")
		w.str(w.d.Type(schema.Type{Kind: kind}))
		w.str(") WHERE FALSE")
		return
	}
	for i, v := range values {
		if i > 0 {
			w.str(", ")
		}
		w.param(v)
	}
}

// Array writes arguments as one array.
func (w *Writer) Array(kind schema.Kind, values []driver.Value) error {
	if len(values) == 0 {
		w.str("CAST('{}' AS ")
		w.str(w.d.Type(schema.Type{Kind: kind}))
		w.str("[])")
		return nil
	}
	v, ok := arrayOf(values, w.d)
	if !ok {
		return fmt.Errorf("values of kind %s do not make an array", kind)
	}
	w.param(v)
	return nil
}
