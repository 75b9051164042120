package models

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

// constSQL is the type of SQL text. It is not exported, so that only constants fit and
// no text can be put together from input by accident.
type constSQL string

// Unsafe lets text that is made at run time be used as SQL. Never put input into it:
// values belong into [Args].
func Unsafe(sql string) constSQL { return constSQL(sql) }

// Args are the values of the :name parameters of raw SQL, by name. A slice stands for a
// list: "id IN :ids".
type Args map[string]any

// A Tuple is a row of [Raw] as values in the order of the columns.
type Tuple struct {
	// Names are the columns; all rows of a result share the slice.
	Names  []string
	Values []any
}

// rawText is the statement of a raw query.
type rawText struct {
	pieces []piece
	args   map[string]rawArg
	read   bool
}

// Raw asks for the rows of an SQL statement. Parameters are written :name, whatever the
// database; a slice becomes the list of its elements for IN, on Postgres also an array
// for "= ANY(:ids)". R is what a row is read as:
//
//   - a type that can be a field of a model, for the only column
//   - a struct, each column by its name to the field with that column; a registered
//     struct, a plain one with db tags, embedded structs; every column needs its field
//   - [Tuple], or map[string]any by column name
//
// Rows are values: they have no part in a session's unit of work. Without [Query.ReadOnly]
// the statement is taken as one that writes, since nobody parses it: a session opens its
// transaction for it, and on SQLite it runs on the one connection that writes.
func Raw[R any](sql constSQL, args ...Args) Query[R] {
	return Query[R]{q: queryRaw(string(sql), args, reflect.TypeFor[R](), makerOf[R]())}
}

func queryRaw(sql string, args []Args, typ reflect.Type, m maker) *query {
	raw := &rawText{args: map[string]rawArg{}}
	var err, bad error
	for _, a := range args {
		for _, name := range slices.Sorted(maps.Keys(a)) {
			var wrong error
			if raw.args[name], wrong = encodeArg(a[name]); wrong != nil && bad == nil {
				bad = fmt.Errorf("models: Raw: argument %s: %w", name, wrong)
			}
		}
	}
	raw.pieces, err = parseRaw(sql)
	if err == nil {
		err = raw.check()
	}
	if err == nil {
		err = bad
	}
	q := &query{kind: rawQuery, raw: raw, err: err}
	q.rows, err = rawReader(typ, m)
	if q.err == nil {
		q.err = err
	}
	return q
}

// ReadOnly promises that raw SQL changes nothing, so that it may run on a connection for
// reading. On SQLite a statement that writes fails there.
func (q Query[R]) ReadOnly() Query[R] { return Query[R]{q: q.q.readOnly()} }

//go:noinline
func (q *query) readOnly() *query {
	return q.with(func(n *query) error {
		if err := n.only("ReadOnly", rawQuery); err != nil {
			return err
		}
		raw := *n.raw
		raw.read = true
		n.raw = &raw
		return nil
	})
}

// check compares the names in the text with those of the arguments.
func (r *rawText) check() error {
	used := map[string]bool{}
	for _, p := range r.pieces {
		if p.param == "" {
			continue
		}
		used[p.param] = true
		if _, ok := r.args[p.param]; !ok {
			return fmt.Errorf("models: Raw: no argument for :%s", p.param)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.args)) {
		if !used[name] {
			return fmt.Errorf("models: Raw: the argument %q is not in the text", name)
		}
	}
	return nil
}

// statement writes the text with a dialect's placeholders.
func (r *rawText) statement(d dialect.Dialect) (driver.Statement, error) {
	w := dialect.NewWriter(d)
	defer w.Free()
	for _, p := range r.pieces {
		if p.param == "" {
			w.Raw(p.text)
			continue
		}
		if err := r.param(w, p); err != nil {
			return driver.Statement{}, fmt.Errorf("models: Raw: argument %s: %w", p.param, err)
		}
	}
	st := driver.Statement{SQL: intern(w.Text()), Args: w.Args(), Class: driver.Raw}
	if r.read {
		st.Class = driver.Read
	}
	return st, nil
}

// rawArg is an encoded argument: one value, or a list.
type rawArg struct {
	vals []driver.Value
	list bool
	kind schema.Kind
}

// encodeArg encodes an argument, as soon as it is given: methods of the caller's types
// run in the caller's goroutine, and what becomes of a slice later does not matter.
func encodeArg(arg any) (rawArg, error) {
	if arg == nil {
		return rawArg{vals: []driver.Value{driver.Null()}}, nil
	}
	v := reflect.ValueOf(arg)
	c, err := codecFor(v.Type(), false)
	if err == nil && c.kind != schema.Array {
		val, err := encodeAny(c, v)
		return rawArg{vals: []driver.Value{val}}, err
	}
	if v.Kind() != reflect.Slice {
		return rawArg{}, err
	}
	if c, err = codecFor(v.Type().Elem(), false); err != nil {
		return rawArg{}, err
	}
	a := rawArg{vals: make([]driver.Value, v.Len()), list: true, kind: c.kind}
	for i := range a.vals {
		if a.vals[i], err = encodeAny(c, v.Index(i)); err != nil {
			return a, err
		}
	}
	return a, nil
}

// param writes an argument.
func (r *rawText) param(w *dialect.Writer, p piece) error {
	arg := r.args[p.param]
	switch {
	case !arg.list:
		w.Param(arg.vals[0])
	case p.array && w.Dialect() == dialect.Postgres:
		return w.Array(arg.kind, arg.vals)
	case p.inside:
		w.Params(arg.kind, arg.vals)
	default:
		w.Raw("(")
		w.Params(arg.kind, arg.vals)
		w.Raw(")")
	}
	return nil
}

func encodeAny(c *codec, v reflect.Value) (driver.Value, error) {
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return c.encode(p.UnsafePointer())
}

// A piece is a stretch of SQL text, or a parameter.
type piece struct {
	text  string
	param string
	// inside: parentheses stand around the parameter already; array: those of ANY or ALL.
	inside, array bool
}

// parseRaw finds the :name parameters, and leaves alone what is in quotes, dollar quotes
// and comments, and the :: of a cast.
func parseRaw(sql string) (out []piece, err error) {
	from := 0
	for i := 0; i < len(sql); {
		skip := dialect.QuotedEnd(sql, i)
		switch {
		case skip < 0:
			return nil, fmt.Errorf("models: Raw: the quote or comment at byte %d is not closed", i)
		case skip > i:
			i = skip
		case sql[i] == ':' && i+1 < len(sql) && sql[i+1] == ':':
			i += 2
		case sql[i] == ':' && i+1 < len(sql) && dialect.NameStart(sql[i+1]) && (i == 0 || !dialect.NamePart(sql[i-1])):
			end := i + 1
			for end < len(sql) && dialect.NamePart(sql[end]) {
				end++
			}
			before := strings.TrimRight(sql[:i], " \t\r\n")
			p := piece{param: sql[i+1 : end], inside: strings.HasSuffix(before, "(")}
			if p.inside {
				word := strings.ToUpper(strings.TrimRight(before[:len(before)-1], " \t\r\n"))
				p.array = strings.HasSuffix(word, "ANY") || strings.HasSuffix(word, "ALL") || strings.HasSuffix(word, "UNNEST")
			}
			out = append(out, piece{text: sql[from:i]}, p)
			i, from = end, end
		default:
			i++
		}
	}
	return append(out, piece{text: sql[from:]}), nil
}

// rawReader makes the reader for rows of a type.
func rawReader(typ reflect.Type, m maker) (reader, error) {
	if c, err := codecFor(typ, false); err == nil {
		return byName{one: c, maker: m}, nil
	} else if typ.Kind() != reflect.Struct && typ != reflect.TypeFor[map[string]any]() {
		return nil, fmt.Errorf("models: Raw: rows can not be read as %s (want a struct, a Tuple, map[string]any, or a type that can be a column): %w", typ, err)
	}
	if typ == reflect.TypeFor[Tuple]() || typ.Kind() == reflect.Map {
		return anyRows{typ.Kind() == reflect.Map}, nil
	}
	t, err := plainTable(typ)
	if err != nil {
		return nil, err
	}
	return byName{t: t, maker: m}, nil
}

// plainTable maps a struct that need not have a key: only the fields and their names.
func plainTable(typ reflect.Type) (*table, error) {
	m := &mapping{t: &table{typ: typ, size: typ.Size(), byName: map[string]*field{}}, tags: map[*field]tag{}}
	if err := m.walk(typ, 0, structName(typ), 0); err != nil {
		return nil, err
	}
	if m.model != nil {
		m.t.fields = append(m.t.fields, m.model)
	}
	for _, f := range m.t.fields {
		if f != m.model || m.t.byName[f.name] == nil {
			m.t.byName[f.name] = f
		}
	}
	return m.t, nil
}

// byName reads rows of plain values: the only column, or columns by name.
type byName struct {
	one *codec
	t   *table
	maker
}

func (b byName) sink(hint int, _ bool) rowSink {
	return &nameSink{valueSink: valueSink{maker: b.maker, hint: hint}, b: b}
}

type nameSink struct {
	valueSink
	b byName
}

// Begin implements driver.Sink: now the columns are known.
func (s *nameSink) Begin(cols []driver.Column) error {
	s.cells = nil
	if s.b.one != nil {
		if len(cols) != 1 {
			return fmt.Errorf("models: Raw: %d columns came, and a %s takes one", len(cols), s.b.one.typ)
		}
		s.cells = []cell{{s.b.one, 0, 0}}
		return s.valueSink.Begin(cols)
	}
	for i, c := range cols {
		f := s.b.t.byName[c.Name]
		if f == nil {
			return fmt.Errorf("models: Raw: %s has no field for the column %s; it has %s", s.b.t.typ, c.Name, s.b.t.sortedNames())
		}
		s.cells = append(s.cells, cell{f.codec, f.off, i})
	}
	return s.valueSink.Begin(cols)
}

// anyRows reads rows as map[string]any, or else as Tuple.
type anyRows struct{ maps bool }

func (a anyRows) sink(int, bool) rowSink { return &anySink{anyRows: a} }

type anySink struct {
	anyRows
	names  []string
	tuples []Tuple
	named  []map[string]any
}

func (s *anySink) Begin(cols []driver.Column) error {
	s.names, s.tuples, s.named = make([]string, len(cols)), nil, nil
	for i, c := range cols {
		s.names[i] = c.Name
	}
	return nil
}

func (s *anySink) Row(r driver.Row) error {
	vals := make([]any, len(s.names))
	for i := range vals {
		v, err := r.Value(i)
		if err != nil {
			return fmt.Errorf("models: column %s: %w", s.names[i], err)
		}
		vals[i] = v
	}
	if !s.maps {
		s.tuples = append(s.tuples, Tuple{s.names, vals})
		return nil
	}
	row := make(map[string]any, len(vals))
	for i, n := range s.names {
		row[n] = vals[i]
	}
	s.named = append(s.named, row)
	return nil
}

func (s *anySink) result() rowRange {
	if s.maps {
		return rangeOf(s.named)
	}
	return rangeOf(s.tuples)
}

func (s *anySink) attach(*Unit)   {}
func (s *anySink) gather(*Engine) {}
