package models

import (
	"context"
	"fmt"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/pool"
)

// late is what a chain has put off to its last step: the methods of users' types, which
// must not run on a worker. Its zero value is ready.
type late struct {
	sinks []*lateSink
	ctx   context.Context // of the verb, for hooks
}

// A lateItem is a value read and not yet taken in.
type lateItem struct {
	take func(v any, p unsafe.Pointer) error
	v    any
	p    unsafe.Pointer
	path string
}

// lateSink hands its sink rows that put user code off.
type lateSink struct {
	driver.Sink
	row lateRow
}

// lateRow is a row that collects what is put off.
type lateRow struct {
	driver.Row
	items   []lateItem
	arrived []arrival // outside of sessions
}

// Begin implements driver.Sink. What an earlier attempt collected is void.
func (s *lateSink) Begin(cols []driver.Column) error {
	s.row.items, s.row.arrived = nil, nil
	return s.Sink.Begin(cols)
}

// Row implements driver.Sink.
func (s *lateSink) Row(r driver.Row) error {
	s.row.Row = r
	return s.Sink.Row(&s.row)
}

// wrap makes the statements of an operation put user code off.
func (l *late) wrap(op *pool.Op) *pool.Op {
	if op == nil || !anyOwn.Load() {
		return op
	}
	for i := range op.Statements {
		st := &op.Statements[i]
		if _, done := st.Sink.(*lateSink); done || st.Sink == nil {
			continue
		}
		s := &lateSink{Sink: st.Sink}
		st.Sink, l.sinks = s, append(l.sinks, s)
	}
	return op
}

// run does what was put off.
func (l *late) run() (arrived []arrival, err error) {
	for _, s := range l.sinks {
		arrived = append(arrived, s.row.arrived...)
		for _, it := range s.row.items {
			if err := it.take(it.v, it.p); err != nil {
				return nil, fmt.Errorf("models: %s: %w", it.path, err)
			}
		}
		s.row.items = nil
	}
	l.sinks = nil
	return arrived, nil
}

// inUnit is a chain that reads for a unit.
type inUnit interface{ unitOf() *Unit }

func (c *call) unitOf() *Unit       { return c.u }
func (c *merging) unitOf() *Unit    { return c.u }
func (m lazyManaged) unitOf() *Unit { return m.u }
func (c *refreshing) unitOf() *Unit { return c.u }

// finishing makes the last step of a chain one that may run user code.
type finishing[T any] struct{ link.Chain[T] }

// Finish implements link.Finisher.
func (f finishing[T]) Finish() (T, error) { return f.Result() }

func (f finishing[T]) attend(ctx context.Context) { Attend(ctx, f.Chain) }

// owned reports whether the rows of a table, or what relations lead to from it, may
// need user code.
func (t *table) owned() bool {
	return t != nil && (t.own || t.hooks.has(afterLoad) || len(t.relations) > 0)
}

// lateChain is a chain whose user code is put off to its last step.
type lateChain[T any] struct {
	link.Chain[T]
	late
}

// withLate puts the user code of a chain off, if it has any.
func withLate[T any](c link.Chain[T], owned bool) link.Chain[T] {
	if !owned || !anyOwn.Load() {
		return c
	}
	return &lateChain[T]{Chain: c}
}

// Next implements link.Chain.
func (l *lateChain[T]) Next() *pool.Op { return l.wrap(l.Chain.Next()) }

// Result implements link.Chain.
func (l *lateChain[T]) Result() (T, error) { return l.Finish() }

// Finish implements link.Finisher.
func (l *lateChain[T]) Finish() (v T, err error) {
	arrived, bad := l.begin(l.Chain)
	if f, ok := l.Chain.(link.Finisher[T]); ok {
		v, err = f.Finish()
	} else {
		v, err = l.Chain.Result()
	}
	if err = l.end(l.Chain, arrived, bad, err); err != nil {
		var zero T
		return zero, err
	}
	return v, nil
}

func (l *lateChain[T]) attend(ctx context.Context) { l.hear(ctx, l.Chain) }
func (l *lateChain[T]) forego(ctx context.Context) { foregoIn(ctx, l.Chain) }

// lateSteps are steps whose user code is put off to the last.
type lateSteps struct {
	steps
	late
}

// lately puts the user code of steps off, if they have any.
func lately(s steps, owned bool) steps {
	if !owned || !anyOwn.Load() {
		return s
	}
	return &lateSteps{steps: s}
}

func (l *lateSteps) Next() *pool.Op { return l.wrap(l.steps.Next()) }
func (l *lateSteps) settles() bool  { return true }

func (l *lateSteps) value() (unsafe.Pointer, error) {
	arrived, bad := l.begin(l.steps)
	p, err := l.steps.value()
	return p, l.end(l.steps, arrived, bad, err)
}

func (l *lateSteps) attend(ctx context.Context) { l.hear(ctx, l.steps) }
func (l *lateSteps) forego(ctx context.Context) { foregoIn(ctx, l.steps) }

// begin does what was put off, before the last step of a chain.
func (l *late) begin(c any) (arrived []arrival, bad error) {
	arrived, bad = l.run()
	if s, ok := c.(interface{ spoil(err error) }); ok && bad != nil {
		s.spoil(bad) // or a session would take objects in that are not complete
	}
	return arrived, bad
}

// end is what comes behind the last step of a chain, which ended with err.
func (l *late) end(c any, arrived []arrival, bad, err error) error {
	if err != nil {
		return err
	}
	if bad != nil {
		return bad
	}
	var u *Unit
	if in, ok := c.(inUnit); ok {
		u = in.unitOf()
	}
	if u != nil {
		arrived = u.strangers(arrived)
	}
	return greet(l.ctx, u, arrived)
}

func (l *late) hear(ctx context.Context, c any) {
	l.ctx = ctx
	attend(ctx, c)
}

func foregoIn(ctx context.Context, c any) {
	if f, ok := c.(foregoing); ok {
		f.forego(ctx)
	}
}
