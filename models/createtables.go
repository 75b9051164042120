package models

import (
	"context"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/internal/schema"
	"github.com/spillwaydb/spillway/pool"
)

// createLock is the key of the advisory lock under which tables are created on Postgres:
// without it, CREATE TABLE IF NOT EXISTS of two sessions at once fails with a violated
// unique constraint of the catalog.
const createLock = 0x5350494c4c574159 // "SPILLWAY"

// CreateTables creates what is missing of the tables and indexes of all registered
// structs, in the order of their foreign keys, circles included. It is done in one
// transaction, can be run again, and by many processes at once. It does not change a
// table that exists: that is the task of migrations.
func CreateTables(ctx context.Context, h Handle) error {
	_, err := run(ctx, h, CallCreateTables)
	return err
}

// CallCreateTables compiles [CreateTables].
func CallCreateTables(t Target) link.Chain[struct{}] {
	c := &creation{e: t.engine(), u: t.unit()}
	if c.u != nil {
		return creationManaged{c}
	}
	return c
}

type creation struct {
	e     *Engine
	u     *Unit
	op    pool.Op
	state callState
	err   error
}

// Next implements link.Chain.
func (c *creation) Next() *pool.Op {
	switch c.state {
	case callNew:
		c.state = callEnded
		if c.u != nil {
			if c.err = c.u.ready(); c.err != nil {
				return nil
			}
		}
		if c.err = Check(c.e.registry); c.err != nil {
			return nil
		}
		var facts []*schema.Table
		for _, t := range c.e.registry.tables.Load().order {
			if !t.mixin {
				facts = append(facts, t.facts)
			}
		}
		if len(facts) == 0 {
			return nil
		}
		c.op.Role = driver.Writer
		add := func(class driver.Class, sql string, args ...driver.Value) {
			c.op.Statements = append(c.op.Statements, driver.Statement{SQL: sql, Args: args, Class: class})
		}
		if c.u == nil || c.u.begin(&c.op) {
			c.op.Statements = append(c.op.Statements, beginStatement(c.e.dialect))
		}
		if c.e.dialect == dialect.Postgres {
			add(driver.Schema, "SELECT pg_advisory_xact_lock($1)", driver.Int64(createLock))
		}
		for _, sql := range c.e.dialect.Create(facts) {
			add(driver.Schema, sql)
		}
		if c.u == nil {
			add(driver.Commit, "COMMIT")
		}
		c.state = callSent
		return &c.op
	case callSent:
		c.state = callEnded
		c.err = c.op.Outcome()
	}
	return nil
}

// Result implements link.Chain.
func (c *creation) Result() (z struct{}, _ error) { return z, c.err }

// creationManaged is a creation in a session.
type creationManaged struct{ *creation }

// Finish implements link.Finisher.
func (c creationManaged) Finish() (struct{}, error) {
	if c.op.Statements != nil {
		c.u.sent(&c.op)
	}
	return c.Result()
}
