package postgres

import (
	"context"
	"errors"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A unit is one statement on its way.
type unit struct {
	st    *driver.Statement
	mode  mode
	sync  bool // a Sync follows
	alone bool // outside a transaction
	// group numbers what stands or falls together: a statement outside a transaction, or
	// a transaction that begins and ends in this flight. 0 belongs to a transaction that
	// is open before or after the flight.
	group int
	// lasting: the statement's effect may last once it was sent, because it is outside a
	// transaction or its commit was sent too.
	lasting bool

	p       *prepared    // for bindNamed and parseNamed
	desc    *description // what is believed about it, nil if nothing is
	refused error        // why it was not sent
	misfit  error        // why an argument does not fit the types of desc; it was sent without them

	answer
}

// mode tells what is sent for a unit.
type mode uint8

const (
	// unnamed: new to the connector. Parse, describe, bind as text.
	unnamed mode = iota
	// described: known to the connector, but not to be kept. Parse, bind.
	described
	// parseNamed: known to the connector, new to the connection.
	parseNamed
	// bindNamed: prepared on the connection.
	bindNamed
	// refused: a message that the server refuses, so that the order of answers and the
	// state of the transaction become what they would had the server refused the
	// statement.
	refused
)

// Fly sends the statements and collects their answers. See package driver.
func (c *Conn) Fly(ctx context.Context, f *driver.Flight) error {
	for i := range f.Statements {
		f.Statements[i].Affected, f.Statements[i].Err = 0, nil
	}
	if !c.running.TryLock() { // only Close runs beside the owner
		return failAll(f, lostError(errClosed))
	}
	defer c.running.Unlock()
	if err := c.usable(); err != nil {
		return failAll(f, err)
	}
	if ctx.Err() != nil {
		_ = failAll(f, canceled(ctx, nil))
		return nil
	}
	if len(f.Statements) == 0 {
		return nil
	}
	if refuseCopy(f) {
		return nil
	}
	whole := false
	defer func() {
		if !whole { // a sink ended the goroutine in the middle of a result
			c.broken.Store(true)
			_ = c.net.Close()
		}
	}()
	w := c.watch(ctx)
	c.units = c.units[:0]
	for i := range f.Statements {
		c.units = append(c.units, unit{st: &f.Statements[i]})
	}
	var err error
	if f.Statements[0].Copy != nil {
		err = c.copyIn(ctx, c.units)
	} else if p := &c.connector.pooler; p.stepwise.Load() || p.present && f.Weight() > maxPooled {
		err = c.step(ctx, c.units)
	} else if err = c.exchange(ctx, c.units, false); err == nil {
		err = c.again(ctx, c.units)
	}
	if err == nil {
		err = w.end()
	} else {
		w.stop()
	}
	whole = true
	clear(c.units)
	if cap(c.units) > maxUnits {
		c.units = nil
	}
	if err == nil && c.closed.Load() {
		err = errClosed // Close has come to an end meanwhile
	}
	if err == nil {
		return nil
	}
	var lost *driver.Error
	if !errors.As(err, &lost) {
		lost = c.lose(ctx, err)
	}
	return lost
}

// failAll gives every statement the same error and returns it.
func failAll(f *driver.Flight, err error) error {
	for i := range f.Statements {
		f.Statements[i].Err = err
	}
	return err
}

// exchange plans, sends and reads. Its error means that the connection is lost; the
// statements have theirs by then.
func (c *Conn) exchange(ctx context.Context, units []unit, plain bool) error {
	c.plan(units, plain)
	out := outbox{c: c, most: len(units)}
	c.encode(units, &out)
	wrote := out.send()
	err := c.receive(ctx, units)
	if err != nil {
		err = c.lose(ctx, err) // ends the write too
		c.abandon(units, err.(*driver.Error))
	}
	unbegun(units)
	<-wrote
	if cap(c.wire.buf) > maxKept {
		c.wire.buf = nil
	}
	c.learn(units)
	return err
}

const (
	// maxInline is how much is written before anything is read. It has to fit into the
	// socket buffers between us and the server: while the server waits for us to read its
	// answers, it does not read what we write.
	maxInline = 16 << 10
	// maxKept is the largest buffer that a connection keeps for its next flight, and
	// maxUnits the largest flight whose place it keeps.
	maxKept  = 64 << 10
	maxUnits = 1024
)
