package dialect

// A Join is a further source of a [Select].
type Join struct {
	Source *Source
	// Left keeps rows without a match.
	Left bool
	On   Node
}

// A Select is a SELECT statement.
type Select struct {
	Distinct bool
	Columns  []Node
	From     *Source
	Joins    []Join
	Where    []Node
	GroupBy  []Node
	Having   []Node
	OrderBy  []Node
	// Limit and Offset are nil for none.
	Limit, Offset Node
}

// Select writes s.
func (w *Writer) Select(s *Select) {
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
	w.list(s.Columns)
	if s.From != nil {
		w.str(" FROM ")
		w.source(s.From)
	}
	for i := range s.Joins {
		j := &s.Joins[i]
		if j.Left {
			w.str(" LEFT")
		}
		w.str(" JOIN ")
		w.source(j.Source)
		w.str(" ON ")
		j.On.write(w)
	}
	w.where(s.Where)
	if len(s.GroupBy) > 0 {
		w.str(" GROUP BY ")
		w.list(s.GroupBy)
	}
	w.conditions(" HAVING ", s.Having)
	if len(s.OrderBy) > 0 {
		w.str(" ORDER BY ")
		w.list(s.OrderBy)
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
	w.sources = w.sources[:outer]
}

// unambiguous makes sure that no two sources have one name.
func (w *Writer) unambiguous(from int) {
	for i := from; i < len(w.sources); i++ {
		for _, other := range w.sources[:i] {
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
	if s.Distinct || len(s.GroupBy) > 0 || len(s.Having) > 0 || s.Limit != nil || s.Offset != nil {
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
	w.str("SELECT EXISTS (")
	w.Select(&inner)
	w.str(")")
}

// An Update is an UPDATE statement.
type Update struct {
	Source *Source
	Set    []Assign
	Where  []Node
	// Returning lists what comes back of each row.
	Returning []Node
}

// An Assign gives a column a value.
type Assign struct {
	Column string
	Value  Node
}

// Update writes u.
func (w *Writer) Update(u *Update) {
	w.sources = append(w.sources, u.Source)
	w.str("UPDATE ")
	w.source(u.Source)
	for i, a := range u.Set {
		if i == 0 {
			w.str(" SET ")
		} else {
			w.str(", ")
		}
		w.name(a.Column)
		w.str(" = ")
		a.Value.write(w)
	}
	w.where(u.Where)
	w.returning(u.Returning)
	w.sources = w.sources[:len(w.sources)-1]
}

// A Delete is a DELETE statement.
type Delete struct {
	Source    *Source
	Where     []Node
	Returning []Node
}

// Delete writes d.
func (w *Writer) Delete(d *Delete) {
	w.sources = append(w.sources, d.Source)
	w.str("DELETE FROM ")
	w.source(d.Source)
	w.where(d.Where)
	w.returning(d.Returning)
	w.sources = w.sources[:len(w.sources)-1]
}

func (w *Writer) returning(nodes []Node) {
	if len(nodes) > 0 {
		w.str(" RETURNING ")
		w.list(nodes)
	}
}
