package dialect

import (
	"strconv"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

type (
	// A Typed is a value whose type does not follow from what stands around it.
	Typed struct {
		Value driver.Value
		Type  schema.Type
	}
	// A Binary is (L Op R).
	Binary struct {
		L  Node
		Op string
		R  Node
	}
	// A Minus is -X.
	Minus struct{ X Node }
	// A Case is the value of the first branch whose condition is true, else Else; a nil
	// Else is NULL.
	Case struct {
		Whens []When
		Else  Node
	}
	// A When is a branch of a Case.
	When struct{ Cond, Then Node }
	// A Trunc is X without its fraction, as To.
	Trunc struct {
		X  Node
		To schema.Type
	}
	// A Round is X rounded to that many decimal places, halves away from zero.
	Round struct {
		X      Node
		Places int
	}
	// A Filtered is an aggregate of the rows for which Where is true. X is a Call, or a
	// Cast of one.
	Filtered struct {
		X     Node
		Where Node
	}
	// Excluded is a column of the row that an INSERT could not insert.
	Excluded struct{ Name string }
	// A DatePart is a part of a point in time, in UTC.
	DatePart struct {
		X    Node
		Part Part
	}
)

// A Part is a part of a date or time.
type Part uint8

// The parts. Weekday counts from Sunday, 0.
const (
	Year Part = iota
	Month
	Day
	Hour
	Minute
	Second
	Weekday
	YearDay
)

var parts = [...][Count]string{
	Year: {"YEAR", "%Y"}, Month: {"MONTH", "%m"}, Day: {"DAY", "%d"}, Hour: {"HOUR", "%H"},
	Minute: {"MINUTE", "%M"}, Second: {"SECOND", "%S"}, Weekday: {"DOW", "%w"}, YearDay: {"DOY", "%j"},
}

func (n Typed) write(w *Writer) {
	if w.d == SQLite { // a value brings its type along
		w.param(n.Value)
		return
	}
	w.cast(func() { w.param(n.Value) }, n.Type)
}

func (w *Writer) cast(x func(), to schema.Type) {
	w.str("CAST(")
	x()
	w.str(" AS ")
	w.str(w.d.Type(to))
	w.str(")")
}

func (n Binary) write(w *Writer) {
	w.str("(")
	n.L.write(w)
	w.str(" ")
	w.str(n.Op)
	w.str(" ")
	n.R.write(w)
	w.str(")")
}

func (n Minus) write(w *Writer) {
	w.str("(- ")
	n.X.write(w)
	w.str(")")
}

func (n Case) write(w *Writer) {
	w.str("CASE")
	for _, b := range n.Whens {
		w.str(" WHEN ")
		b.Cond.write(w)
		w.str(" THEN ")
		b.Then.write(w)
	}
	if n.Else != nil {
		w.str(" ELSE ")
		n.Else.write(w)
	}
	w.str(" END")
}

func (n Trunc) write(w *Writer) {
	w.cast(func() {
		if w.d == SQLite { // its CAST cuts off
			n.X.write(w)
			return
		}
		w.str("TRUNC(")
		n.X.write(w)
		w.str(")")
	}, n.To)
}

func (n Round) write(w *Writer) {
	places := strconv.Itoa(n.Places)
	if w.d == SQLite {
		w.str("ROUND(")
		n.X.write(w)
		w.str(", " + places + ")")
		return
	}
	// Of double precision Postgres rounds halves to even, and knows no places.
	w.str("CAST(ROUND(CAST(")
	n.X.write(w)
	w.str(" AS numeric), " + places + ") AS double precision)")
}

func (n Filtered) write(w *Writer) {
	behind(w, n.X, "Filter", func() { n.filter(w) })
}

func (n Filtered) filter(w *Writer) {
	w.str(" FILTER (WHERE ")
	n.Where.write(w)
	w.str(")")
}

// behind writes what belongs to a function directly behind it, inside a cast of it.
func behind(w *Writer, x Node, what string, suffix func()) {
	switch x := x.(type) {
	case Cast:
		w.cast(func() { behind(w, x.X, what, suffix) }, x.To)
	case Call:
		x.write(w)
		suffix()
	case Ranking:
		x.Call.write(w)
		suffix()
	case Filtered:
		behind(w, x.X, what, func() {
			x.filter(w)
			suffix()
		})
	default:
		w.fail("%s belongs to a function such as Sum or CountRows, directly behind it", what)
	}
}

func (n Excluded) write(w *Writer) {
	if !w.conflict {
		w.fail("Excluded(%s) is known only inside DoUpdate", n.Name)
	}
	w.str("excluded.")
	w.name(n.Name)
}

func (n DatePart) write(w *Writer) {
	p := parts[n.Part][w.d]
	if w.d == SQLite {
		w.str("CAST(strftime('" + p + "', ")
		n.X.write(w)
		w.str(") AS INTEGER)")
		return
	}
	field := "EXTRACT(" + p + " FROM "
	w.str("CAST(FLOOR(" + field)
	n.X.write(w)
	w.str(" AT TIME ZONE 'UTC')) AS bigint)")
}

// Identifier reports whether name is an identifier, or two with a dot between, that
// needs no quotes.
func Identifier(name string) bool {
	dots, start := 0, true
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			start = false
		case '0' <= c && c <= '9' && !start:
		case c == '.' && !start && dots == 0:
			dots, start = 1, true
		default:
			return false
		}
	}
	return !start
}

// Parens is (X).
type Parens struct{ X Node }

func (n Parens) write(w *Writer) {
	w.str("(")
	n.X.write(w)
	w.str(")")
}
