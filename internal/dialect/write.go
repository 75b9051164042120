package dialect

import "github.com/spillwaydb/spillway/internal/driver"

// A Conflict says what an INSERT does about a row that a unique constraint refuses.
type Conflict struct {
	Source *Source
	// Columns are those of the constraint; without, any constraint is meant.
	Columns []string
	// Set changes the row that is there; without, the new row is dropped.
	Set   []Assign
	Where []Node
}

// Conflict writes the clause.
func (w *Writer) Conflict(c *Conflict) {
	w.str(" ON CONFLICT")
	if len(c.Columns) > 0 {
		w.str(" (" + quoteAll(c.Columns) + ")")
	}
	if len(c.Set) == 0 {
		w.str(" DO NOTHING")
		return
	}
	outer := len(w.sources)
	w.sources = append(w.sources, c.Source)
	w.conflict, w.qualify = true, true
	w.str(" DO UPDATE")
	w.set(c.Set)
	w.where(c.Where)
	w.conflict, w.qualify = false, false
	w.sources = w.sources[:outer]
}

// set writes assignments.
func (w *Writer) set(as []Assign) {
	for i, a := range as {
		if i == 0 {
			w.str(" SET ")
		} else {
			w.str(", ")
		}
		w.name(a.Column)
		w.str(" = ")
		a.Value.write(w)
	}
}

// An InsertSelect inserts the rows of a query.
type InsertSelect struct {
	Source    *Source
	Columns   []string
	Query     *Select
	Conflict  *Conflict
	Returning []Node
}

// InsertSelect writes i.
func (w *Writer) InsertSelect(i *InsertSelect) {
	w.str("INSERT INTO ")
	w.name(i.Source.Table.Name)
	w.str(" (" + quoteAll(i.Columns) + ") ")
	q := i.Query
	if i.Conflict != nil && w.d == SQLite && len(q.Where) == 0 && len(q.Parts) == 0 {
		// Without WHERE SQLite's parser takes ON CONFLICT for the ON of a join
		// (https://www.sqlite.org/lang_upsert.html#parsing_ambiguity).
		inner := *q
		inner.Where = []Node{Logic{Op: "AND"}}
		q = &inner
	}
	w.Select(q)
	if i.Conflict != nil {
		w.Conflict(i.Conflict)
	}
	w.sources = append(w.sources, i.Source)
	w.returning(i.Returning)
	w.sources = w.sources[:len(w.sources)-1]
}

// Insert begins a statement with a text whose arguments are args, for [Writer.Conflict]
// and [Writer.Returning] to go on.
func (w *Writer) Insert(text string, args []driver.Value) {
	w.str(text)
	w.args = append(w.args, args...)
}

// Returning writes the clause for a statement about s.
func (w *Writer) Returning(s *Source, nodes []Node) {
	w.sources = append(w.sources, s)
	w.returning(nodes)
	w.sources = w.sources[:len(w.sources)-1]
}
