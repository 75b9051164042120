package models

import (
	"sync"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
	"github.com/spillwaydb/spillway/pool"
)

// shapes holds for each statement text of an engine what the pool learns about it, such
// as how long it takes. What is learned depends on the database, so an engine has its own.
type shapes struct {
	mu    sync.RWMutex
	reads map[string]*pool.Shape
	gets  map[*table]*pool.Shape
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
	case k.own || k.col.Type.Text("postgres") != "":
		return nil
	case k.kind.Integer():
		sample = driver.Int64(0)
	case k.kind == schema.UUID:
		sample = driver.UUID([16]byte{})
	case k.kind == schema.Bytes:
		sample = driver.Bytes([]byte{})
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
	return &pool.Lookup{SQL: string(w.Text()), Column: k.pos}
}

// shares lets the statement of a call share a flight if it only reads, without a
// transaction of a session around it.
func (c *call[T]) shares() {
	c.op.Share = pool.Share{}
	if !c.e.shared || len(c.op.Statements) != 1 || len(c.beside) > 0 || c.u != nil && c.u.lease != nil {
		return
	}
	st := &c.op.Statements[0]
	switch {
	case st.Foreign:
	case c.share.Shape != nil && c.share.Shape.Text == st.SQL:
		c.op.Share = c.share
	case st.Class == driver.Read:
		c.op.Share.Shape = c.e.shapes.read(st.SQL)
	}
}
