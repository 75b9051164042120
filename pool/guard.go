package pool

import (
	"fmt"
	"runtime"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A guard stands between a flight and the sink of a member: it lets nothing through once
// the member has left.
type guard struct {
	op     *Op
	run    uint32
	member int32
	sink   driver.Sink
	place  int // of its statement in the flight
	rows   int64
	err    error     // of the sink
	at     time.Time // when the answer began, for measuring
	last   time.Time // and when it was last seen to go on
}

// Begin implements driver.Sink.
func (g *guard) Begin(cols []driver.Column) error {
	g.at = now()
	g.last = g.at
	return g.begin(cols)
}

func (g *guard) begin(cols []driver.Column) error {
	g.rows, g.err = 0, nil
	if g.sink == nil {
		return nil
	}
	op := g.op
	op.mu.Lock()
	defer op.mu.Unlock()
	if op.runs.Load() != g.run || op.state.Load() != opShared {
		return nil
	}
	g.err = sinkBegin(g.sink, cols)
	return g.err
}

// Row implements driver.Sink.
func (g *guard) Row(r driver.Row) error {
	if g.rows++; g.rows&31 == 0 {
		g.last = now()
	}
	return g.row(r)
}

func (g *guard) row(r driver.Row) error {
	if g.sink == nil || g.err != nil {
		return g.err
	}
	op := g.op
	op.mu.Lock()
	defer op.mu.Unlock()
	if op.runs.Load() != g.run || op.state.Load() != opShared {
		return nil
	}
	g.err = sinkRow(g.sink, r)
	return g.err
}

func sinkBegin(s driver.Sink, cols []driver.Column) (err error) {
	defer recovered(&err)
	return s.Begin(cols)
}

func sinkRow(s driver.Sink, r driver.Row) (err error) {
	defer recovered(&err)
	return s.Row(r)
}

// recovered makes an error of a panic, without its value, which may be an argument.
func recovered(err *error) {
	switch v := recover().(type) {
	case nil:
	case runtime.Error:
		*err = fmt.Errorf("a sink panicked: %w", v)
	default:
		*err = fmt.Errorf("a sink panicked with a %T", v)
	}
}
