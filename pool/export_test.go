package pool

import "time"

// Detours is the number of shapes, tables and rows that are remembered as locked.
func (p *Pool) Detours() int { return int(p.detours.n.Load()) }

// Learn tells the shape what its statement takes.
func (s *Shape) Learn(took time.Duration) { s.ran(took, 1) }

// LearnRows tells the shape how many rows its statement answers.
func (s *Shape) LearnRows(rows int64) { s.rows.Store(rows * 8) }

// Exported for tests of what bounds a flight.
const (
	ManyRows = manyRows
	MaxRows  = maxRows
	MaxKeys  = maxKeys
)
