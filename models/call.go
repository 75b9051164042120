package models

import (
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/pool"
)

// call are the steps of a verb that sends one statement: on the database itself a single
// operation, in a session behind the flush that it may need.
type call struct {
	op pool.Op
	frame
}

// frame is what a call knows apart from its operation.
type frame struct {
	buf [2]driver.Statement // BEGIN, if the statement is the first of a transaction
	// st is the statement: what prepare makes, and after it was sent its answer.
	st *driver.Statement

	e *Engine
	u *Unit // nil on the database itself

	verb request
	// tables are those the statement touches, nil for who knows which: a session with
	// autoflush sends its changes to them first.
	tables []*table
	// newOnly: of those changes only new objects matter.
	newOnly bool

	// share is what lets the statement share a flight, if the verb knows better than its
	// text.
	share pool.Share
	// beside are statements that travel behind it.
	beside []driver.Statement

	flush *flush
	// loads loads relations of the objects; nil if there are none to load. It sets out
	// from found.
	loads *loader
	found objectSink
	state callState
	err   error
}

// A request is what a call asks for.
type request interface {
	// prepare makes the statement, or answers done if none is needed.
	prepare(c *call) (done bool, err error)
	// answer makes the result, and returns where it is.
	answer(c *call) (unsafe.Pointer, error)
}

// inquiry is a request made of functions.
type inquiry struct {
	ask  func(c *call) (done bool, err error)
	tell func(c *call) (unsafe.Pointer, error)
}

func (q inquiry) prepare(c *call) (bool, error)          { return q.ask(c) }
func (q inquiry) answer(c *call) (unsafe.Pointer, error) { return q.tell(c) }

type callState uint8

const (
	callNew callState = iota
	callFlushes
	callSent
	callLoads
	callEnded
)

// on binds the call to what it works on.
func (c *call) on(t Target) steps {
	c.e, c.u = t.engine(), t.unit()
	owned := len(c.tables) == 0
	for _, tab := range c.tables {
		owned = owned || tab.owned()
	}
	return lately(c, owned)
}

// cleared makes a call that ended well as good as new. It reports false, and does nothing,
// if others may still have to do with it: a session, or the loads of relations.
func (c *call) cleared() bool {
	if c.u != nil || c.loads != nil {
		return false
	}
	c.op.Clear()
	c.frame = frame{}
	return true
}

// spoil makes the call fail.
func (c *call) spoil(err error) {
	if c.err == nil {
		c.err = err
	}
}

// Next implements steps.
func (c *call) Next() *pool.Op {
	for {
		switch c.state {
		case callNew:
			c.state = callFlushes
			if c.u == nil {
				continue
			}
			if c.err = c.u.ready(); c.err != nil {
				c.state = callEnded
				continue
			}
			if c.u.options.Autoflush && c.u.stale(c.tables, c.newOnly) {
				c.flush = &flush{u: c.u}
			}
		case callFlushes:
			if c.flush != nil {
				if op := c.flush.Next(); op != nil {
					return op
				}
				if c.err = c.flush.err; c.err != nil {
					c.state = callEnded
					continue
				}
			}
			c.state = callSent
			c.st = &c.buf[0]
			done, err := c.verb.prepare(c)
			if err != nil || done {
				c.err, c.state = err, callEnded
				continue
			}
			c.op.Statements = c.buf[:1]
			if c.u != nil {
				c.op.Label = c.u.options.Label
			}
			c.op.Continuation = c.flush != nil && c.flush.flown != nil
			if c.st.Class != driver.Read {
				c.op.Role = driver.Writer
				if c.u != nil && c.u.begin(&c.op) {
					c.buf[0], c.buf[1] = beginStatement(c.e.dialect), c.buf[0]
					c.op.Statements, c.st = c.buf[:2], &c.buf[1]
				}
			}
			c.shares()
			if last := len(c.op.Statements) - 1; len(c.beside) > 0 {
				c.op.Statements = append(c.op.Statements[:last+1:last+1], c.beside...)
				c.st = &c.op.Statements[last]
			}
			return &c.op
		case callSent:
			c.state = callEnded
			if c.err = c.op.Outcome(); c.err == nil && c.loads != nil {
				c.state = callLoads
				c.loads.begin(c.found.objects())
			}
		case callLoads:
			if op := c.loads.Next(); op != nil {
				return op
			}
			c.err, c.state = c.loads.err, callEnded
		default:
			return nil
		}
	}
}

// settles implements steps.
func (c *call) settles() bool { return c.u != nil }

// value implements steps.
func (c *call) value() (unsafe.Pointer, error) {
	if c.u != nil {
		c.settle()
	}
	if c.err != nil {
		return nil, c.err
	}
	return c.verb.answer(c)
}

// settle tells the session what became of the call.
func (c *call) settle() {
	if c.flush != nil {
		if err := c.flush.finish(); err != nil {
			c.err = err
		}
	}
	if c.op.Statements != nil {
		c.u.sent(&c.op)
		if c.st.Class == driver.Read {
			c.u.asked(c.st.SQL)
		}
	}
	if c.loads != nil && c.loads.flown {
		c.u.sent(&c.loads.op)
	}
	c.err = c.u.behind(c.err)
}
