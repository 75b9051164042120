package dialect

import "strconv"

// A Join is a further source of a [Select].
type Join struct {
	Source *Source
	// Left keeps rows without a match.
	Left bool
	On   Node
	// Body is the query whose rows are joined; nil for a table.
	Body *Select
	// Lateral: Body may use the sources before it.
	Lateral bool
	// Deleted: rows that are marked as deleted are there too.
	Deleted bool
	// Keys are what is joined instead of a table; see [JoinKeys].
	Keys *Keys
}

// A Select is a SELECT statement.
type Select struct {
	With       []CTE
	Distinct   bool
	DistinctOn []Node
	Columns    []Node
	From       *Source
	// Body is the query that From stands for; nil for a table.
	Body    *Select
	Joins   []Join
	Where   []Node
	GroupBy []Node
	Having  []Node
	// Parts are combined instead of all that stands above, except With.
	Parts   []Combined
	OrderBy []Node
	// Limit and Offset are nil for none.
	Limit, Offset Node
	Lock          Lock
	Wait          Wait
	// Deleted: rows that are marked as deleted are there too.
	Deleted bool
}

// plain reports whether the number of rows is that of FROM and WHERE.
func (s *Select) plain() bool {
	return !s.Distinct && len(s.DistinctOn) == 0 && len(s.GroupBy) == 0 && len(s.Having) == 0 && s.Limit == nil && s.Offset == nil && len(s.Parts) == 0
}

// Select writes s.
func (w *Writer) Select(s *Select) {
	outer, ctes := len(w.sources), len(w.ctes)
	w.with(s.With)
	if len(s.Parts) > 0 {
		w.combined(s.Parts)
		w.combinedOrder(s)
	} else {
		w.simple(s)
		if len(s.OrderBy) > 0 {
			w.str(" ORDER BY ")
			if s.Distinct || len(s.GroupBy) > 0 {
				w.terms(s.OrderBy, s.Columns)
			} else {
				w.list(s.OrderBy)
			}
		}
	}
	switch {
	case s.Limit != nil:
		w.str(" LIMIT ")
		s.Limit.write(w)
	case s.Offset != nil && w.d == SQLite:
		w.str(" LIMIT -1") // SQLite's grammar has no OFFSET without LIMIT
	}
	if s.Offset != nil {
		w.str(" OFFSET ")
		s.Offset.write(w)
	}
	w.lock(s)
	w.sources, w.ctes = w.sources[:outer], w.ctes[:ctes]
}

// combinedOrder orders the rows of a combined query, which have no tables any more.
func (w *Writer) combinedOrder(s *Select) {
	for i, o := range s.OrderBy {
		if i == 0 {
			w.str(" ORDER BY ")
		} else {
			w.str(", ")
		}
		term, ok := o.(Order)
		if !ok {
			term = Order{X: o}
		}
		at := position(s, term.X)
		if at == 0 {
			w.fail("OrderBy of a Union, Intersect or Except takes columns that its first query selects, or expressions of it named with As")
		}
		w.str(strconv.Itoa(at))
		if term.Desc {
			w.str(" DESC")
		}
	}
}

// simple writes s up to HAVING, and leaves its sources in place.
func (w *Writer) simple(s *Select) {
	outer := len(w.sources)
	if s.From != nil {
		w.sources = append(w.sources, s.From)
	}
	for i := range s.Joins {
		w.sources = append(w.sources, s.Joins[i].Source)
	}
	w.unambiguous(outer)
	w.str("SELECT ")
	if s.Distinct {
		w.str("DISTINCT ")
	}
	if len(s.DistinctOn) > 0 {
		if w.d == SQLite {
			w.fail("sqlite has no DISTINCT ON: number the rows of each group with RowNumber in a derived table and keep the first")
		}
		w.str("DISTINCT ON (")
		w.list(s.DistinctOn)
		w.str(") ")
	}
	w.results(s.Columns)
	if s.From != nil {
		w.str(" FROM ")
		w.table(s.From, s.Body, w.sources[:outer:outer])
	}
	for i := range s.Joins {
		j := &s.Joins[i]
		if j.Left {
			w.str(" LEFT")
		}
		w.str(" JOIN ")
		visible := w.sources[:outer:outer]
		if j.Lateral {
			if w.d == SQLite {
				w.fail("sqlite has no LATERAL: number the rows with RowNumber in a derived table and join that")
			}
			w.str("LATERAL ")
			visible = w.sources[: outer+i+1 : outer+i+1]
		}
		if j.Keys != nil {
			j.Keys.write(w)
		} else {
			w.table(j.Source, j.Body, visible)
		}
		w.str(" ON ")
		j.On.write(w)
		if cond := live(j.Source); cond != nil && !s.Deleted && !j.Deleted {
			w.str(" AND ")
			cond.write(w)
		}
	}
	w.where(onlyLive(s.Where, s.Deleted, s.From))
	if len(s.GroupBy) > 0 {
		w.str(" GROUP BY ")
		w.terms(s.GroupBy, s.Columns)
	}
	w.conditions(" HAVING ", s.Having)
}

// table writes a source as it stands behind FROM or JOIN. Its body sees the sources in
// visible.
func (w *Writer) table(s *Source, body *Select, visible []*Source) {
	if body == nil {
		w.source(s)
		return
	}
	all := w.sources
	w.sources = visible
	w.nested(body)
	w.sources = all
	w.str(" AS ")
	w.name(s.As)
}

// results writes the columns of the result. Only here an As gives its name.
func (w *Writer) results(nodes []Node) {
	for i, n := range nodes {
		if i > 0 {
			w.str(", ")
		}
		n.write(w)
		if as, ok := n.(As); ok {
			w.str(" AS ")
			w.name(as.Name)
		}
	}
}

// unambiguous makes sure that no two sources of one query have one name. A subquery may
// have a name of the query around it again, which it hides.
func (w *Writer) unambiguous(from int) {
	for i := from; i < len(w.sources); i++ {
		for _, other := range w.sources[from:i] {
			if other.As == w.sources[i].As {
				w.fail("%s is in the query twice: give one of them another name with Alias", other.As)
			}
		}
	}
}

func (w *Writer) where(conds []Node) { w.conditions(" WHERE ", conds) }

func (w *Writer) conditions(clause string, conds []Node) {
	for i, c := range conds {
		if i == 0 {
			w.str(clause)
		} else {
			w.str(" AND ")
		}
		c.write(w)
	}
}

// Count writes the number of rows of s: the rows that remain after LIMIT, groups as one.
func (w *Writer) Count(s *Select) {
	inner := *s
	inner.OrderBy = nil
	if s.Lock != NoLock {
		w.fail("ForUpdate and ForShare do not fit Count: nothing is left to lock")
	}
	if !s.plain() {
		inner.With = nil
		w.with(s.With)
		w.str("SELECT COUNT(*) FROM (")
		w.Select(&inner)
		w.str(") AS counted")
		return
	}
	inner.Columns = []Node{Call{Name: "COUNT", Args: []Node{Star{}}}}
	w.Select(&inner)
}

// Exists writes whether s has a row.
func (w *Writer) Exists(s *Select) {
	inner := *s
	inner.OrderBy = nil
	w.str("SELECT ")
	ExistsIn{&inner}.write(w)
}

// An Update is an UPDATE statement.
type Update struct {
	Source *Source
	Set    []Assign
	// From are further tables, which Where ties to the rows of Source.
	From  []*Source
	Where []Node
	// Returning lists what comes back of each row.
	Returning []Node
	// Deleted: rows that are marked as deleted are there too.
	Deleted bool
}

// An Assign gives a column a value.
type Assign struct {
	Column string
	Value  Node
}

// Update writes u.
func (w *Writer) Update(u *Update) {
	w.sources = append(append(w.sources, u.Source), u.From...)
	w.unambiguous(0)
	w.str("UPDATE ")
	w.source(u.Source)
	w.set(u.Set)
	w.sourceList(" FROM ", u.From)
	w.where(onlyLive(u.Where, u.Deleted, append([]*Source{u.Source}, u.From...)...))
	w.returningOf(u.Source, u.Returning, len(u.From) > 0)
}

// returningOf ends a statement about s, which is all that RETURNING sees on SQLite.
func (w *Writer) returningOf(s *Source, nodes []Node, qualify bool) {
	w.sources, w.qualify = append(w.sources[:0], s), qualify
	if len(nodes) > 0 {
		w.str(" RETURNING ")
		w.results(nodes)
	}
	w.sources = w.sources[:0]
}

func (w *Writer) sourceList(clause string, sources []*Source) {
	for i, s := range sources {
		if i == 0 {
			w.str(clause)
		} else {
			w.str(", ")
		}
		w.source(s)
	}
}

// A Delete is a DELETE statement.
type Delete struct {
	Source *Source
	// Using are further tables, which Where ties to the rows of Source.
	Using     []*Source
	Where     []Node
	Returning []Node
	// Deleted: rows that are marked as deleted are there too.
	Deleted bool
}

// Delete writes d.
func (w *Writer) Delete(d *Delete) {
	w.sources = append(append(w.sources, d.Source), d.Using...)
	w.unambiguous(0)
	w.str("DELETE FROM ")
	w.source(d.Source)
	where := onlyLive(d.Where, d.Deleted, append([]*Source{d.Source}, d.Using...)...)
	if len(d.Using) > 0 && w.d == SQLite { // it has no USING
		w.sourceList(" WHERE EXISTS (SELECT 1 FROM ", d.Using)
		w.where(where)
		w.str(")")
	} else {
		w.sourceList(" USING ", d.Using)
		w.where(where)
	}
	w.returningOf(d.Source, d.Returning, len(d.Using) > 0)
}

func (w *Writer) returning(nodes []Node) {
	if len(nodes) > 0 {
		w.str(" RETURNING ")
		w.results(nodes)
	}
}
