package models

import (
	"slices"
	"sync"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
	"github.com/spillwaydb/spillway/pool"
)

// shapes holds for each statement text of an engine what the pool learns about it, such
// as how long it takes. What is learned depends on the database, so an engine has its own.
type shapes struct {
	mu     sync.RWMutex
	reads  map[string]*pool.Shape
	gets   map[*table]*pool.Shape
	loads  map[string]*pool.Shape
	writes map[string]*pool.Shape
}

// read returns the shape of a SELECT.
func (s *shapes) read(sql string) *pool.Shape {
	s.mu.RLock()
	x := s.reads[sql]
	s.mu.RUnlock()
	if x != nil {
		return x
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if x = s.reads[sql]; x != nil {
		return x
	}
	if s.reads == nil || len(s.reads) > maxTexts {
		s.reads = map[string]*pool.Shape{}
	}
	x = &pool.Shape{Lane: pool.LaneRead, Text: sql}
	s.reads[sql] = x
	return x
}

// get returns the shape of a Get from a table.
func (s *shapes) get(t *table, d dialect.Dialect) *pool.Shape {
	s.mu.RLock()
	x := s.gets[t]
	s.mu.RUnlock()
	if x != nil {
		return x
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if x = s.gets[t]; x != nil {
		return x
	}
	if s.gets == nil {
		s.gets = map[*table]*pool.Shape{}
	}
	x = &pool.Shape{Lane: pool.LaneRead, Text: t.selects[d], Lookup: t.lookup(d)}
	s.gets[t] = x
	return x
}

// load returns the shape of the statement that loads a relation. Another query may have
// the same text and nothing to merge, so it has a shape of its own.
func (s *shapes) load(n *loadNode) *pool.Shape {
	if !n.byKey {
		return s.read(n.st.SQL)
	}
	s.mu.RLock()
	x := s.loads[n.st.SQL]
	s.mu.RUnlock()
	if x != nil {
		return x
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if x = s.loads[n.st.SQL]; x != nil {
		return x
	}
	if s.loads == nil || len(s.loads) > maxTexts {
		s.loads = map[string]*pool.Shape{}
	}
	x = &pool.Shape{Lane: pool.LaneRead, Text: n.st.SQL, Lookup: n.lookup()}
	s.loads[n.st.SQL] = x
	return x
}

// lookup is Get for many keys at once; nil if equal keys need not have equal bytes, or
// the database is asked by other means. It has the conditions of Get, such as that the
// row is not marked as deleted.
func (t *table) lookup(d dialect.Dialect) *pool.Lookup {
	if d != dialect.Postgres || len(t.key) != 1 {
		return nil
	}
	k := t.key[0]
	var sample driver.Value
	switch {
	case k.kind.Integer():
		sample = driver.Int64(0)
	case k.kind == schema.UUID:
		sample = driver.UUID([16]byte{})
	case k.kind == schema.Bytes:
		sample = driver.Bytes([]byte{})
	case k.kind == schema.Text:
		sample = driver.Text("")
	default:
		return nil
	}
	w := dialect.NewWriter(d)
	defer w.Free()
	w.Select(&dialect.Select{
		Columns: []dialect.Node{dialect.All{Source: t.source}}, From: t.source,
		Where: []dialect.Node{dialect.In{X: dialect.Column{Source: t.source, Name: k.name}, Values: []driver.Value{sample}}},
	})
	if w.Err() != nil {
		return nil
	}
	return k.lookup(t, string(w.Text()), k.pos)
}

// lookup is the statement of a load, which has a list of keys already. One with further
// arguments, such as those of a filter, is never merged.
func (n *loadNode) lookup() *pool.Lookup {
	if n.l.e.dialect != dialect.Postgres {
		return nil
	}
	if n.rel.kind == manyToMany {
		via := n.rel.via.Load()
		return via.own.lookup(via.t, n.st.SQL, n.excerpt.width())
	}
	f := n.rel.far()
	return f.lookup(n.rel.target, n.st.SQL, n.excerpt.column(f))
}

// lookup makes one of a statement that asks for values of a field of t and reads it at a
// place of its rows; nil if equal values need not have equal bytes. Of texts the pool asks
// the database.
func (f *field) lookup(t *table, sql string, at int) *pool.Lookup {
	switch {
	case f.own:
	case f.kind == schema.Text:
		return &pool.Lookup{SQL: sql, Column: at, Table: dialect.Quote(t.facts.Name), Name: f.name}
	case f.col.Type.Text("postgres") != "":
	case f.kind.Integer(), f.kind == schema.UUID, f.kind == schema.Bytes:
		return &pool.Lookup{SQL: sql, Column: at}
	}
	return nil
}

// shares lets the statement of a call share a flight if it only reads: with anybody's, or
// in a transaction of a session with others of that.
func (c *call) shares() {
	c.op.Share = pool.Share{}
	if !c.e.shared || len(c.op.Statements) != 1 || len(c.beside) > 0 {
		return
	}
	st := &c.op.Statements[0]
	switch {
	case st.Foreign:
	case st.Class == driver.Write && c.u != nil:
	case c.share.Shape != nil && c.share.Shape.Text == st.SQL:
		c.op.Share = c.share
	case st.Class == driver.Read:
		c.op.Share.Shape = c.e.shapes.read(st.SQL)
	}
}

// write returns the shape of a small write to a table.
func (s *shapes) write(sql string, t *table, verb pool.Verb) *pool.Shape {
	s.mu.RLock()
	x := s.writes[sql]
	s.mu.RUnlock()
	if x != nil {
		return x
	}
	return s.addWrite(sql, t.change(verb))
}

// change is what a statement does to the table.
func (t *table) change(verb pool.Verb) pool.Change {
	return pool.Change{Table: dialect.Quote(t.facts.Name), Verb: verb}
}

// inserts returns the shape of INSERTs that are a transaction together, of so many rows;
// nil: they are too many to share a commit, or call what nobody knows, which would be called
// again with the group. of tells the table of each.
func (s *shapes) inserts(sts []driver.Statement, rows int, of func(i int) *table) *pool.Shape {
	if rows > smallInsert || slices.ContainsFunc(sts, func(st driver.Statement) bool { return st.Foreign }) {
		return nil
	}
	if len(sts) == 1 {
		return s.write(sts[0].SQL, of(0), pool.Insert)
	}
	var few [1024]byte
	text := few[:0]
	for i := range sts {
		text = append(append(text, sts[i].SQL...), 0) // what no text contains
	}
	s.mu.RLock()
	x := s.writes[string(text)]
	s.mu.RUnlock()
	if x != nil {
		return x
	}
	changes := make([]pool.Change, len(sts))
	for i := range changes {
		changes[i] = of(i).change(pool.Insert)
	}
	return s.addWrite(string(text), changes...)
}

// addWrite makes the shape of a text, unless somebody else just did.
func (s *shapes) addWrite(text string, changes ...pool.Change) *pool.Shape {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.writes[text]; x != nil {
		return x
	}
	if s.writes == nil || len(s.writes) > maxTexts {
		s.writes = map[string]*pool.Shape{}
	}
	x := &pool.Shape{Lane: pool.LaneWrite, Text: text, Changes: changes}
	s.writes[text] = x
	return x
}

// smallInsert is how many rows an INSERT may have that shares a commit, or all those of a
// transaction.
const smallInsert = 16

// writesByKey lets an UPDATE or DELETE of one row, which its full key names, share a
// commit.
func (c *call) writesByKey(q *query, st *driver.Statement) {
	if !c.e.shared || c.u != nil || q == nil || len(q.tables) == 0 || len(q.sel.Joins) > 0 {
		return
	}
	verb := pool.Update
	switch q.kind {
	case updateQuery:
	case deleteQuery:
		verb = pool.Delete
	default:
		return
	}
	t := q.tables[0]
	if key, ok := t.keyIn(q.sel.Where); ok {
		c.share = pool.Share{Shape: c.e.shapes.write(st.SQL, t, verb), Key: key}
	}
}

// keyIn finds the values of the key in conditions that say nothing else, and returns the
// first.
func (t *table) keyIn(where []dialect.Node) (first driver.Value, ok bool) {
	if len(where) != len(t.key) {
		return first, false
	}
	for i, k := range t.key {
		found := false
		for _, n := range where {
			c, is := n.(dialect.Compare)
			if !is || c.Op != "=" {
				return first, false
			}
			col, isCol := c.L.(dialect.Column)
			v, isValue := c.R.(dialect.Param)
			if isCol && isValue && col.Source == t.source && col.Name == k.name {
				found = true
				if i == 0 {
					first = v.Value
				}
			}
		}
		if !found {
			return first, false
		}
	}
	return first, true
}

// share lets a flush that commits by itself share a commit: one statement, or new objects
// of several tables.
func (f *flush) share(op *pool.Op) {
	e := f.u.e
	if !e.shared || !f.alone {
		return
	}
	rows := 0
	for i := range f.work {
		w := &f.work[i]
		if w.st.Foreign || w.st.Class != driver.Write || w.lax {
			return
		}
		if w.batch != nil {
			rows += len(w.batch.objs)
		}
	}
	switch w := &f.work[0]; {
	case w.batch != nil: // and so have all others: see start
		sts := op.Statements[f.first : f.first+len(f.work)]
		op.Share.Shape = e.shapes.inserts(sts, rows, func(i int) *table { return f.work[i].batch.t })
	case len(w.recs) == 1:
		verb := pool.Update
		if w.verb != "update" {
			verb = pool.Delete
		}
		op.Share.Shape = e.shapes.write(w.st.SQL, w.t, verb)
		if key, err := w.recs[0].keyValues(); err == nil && len(key) > 0 {
			op.Share.Key = key[0]
		}
	}
}
