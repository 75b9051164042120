package postgres

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// ProbeTimeout bounds the test of a pooler.
const ProbeTimeout = 2 * time.Second

// maxPooled is how many bytes of arguments go through a pooler in one flight. Beyond that
// each statement waits for the answer before it: a pooler stands between two streams, and
// PgBouncer 1.18 was seen to stop for ever when both were full.
const maxPooled = 64 << 10

// A pooler is what is known about the program between us and the server.
type pooler struct {
	present bool
	// stepwise: it does not take a second statement before the first is answered.
	stepwise atomic.Bool
	probed   atomic.Bool
	probing  chan struct{} // holds a token while nobody probes
	logger   *slog.Logger
}

var (
	_ driver.Pooled  = (*Connector)(nil)
	_ driver.Logging = (*Connector)(nil)
)

// SetTransactionPooler implements driver.Pooled.
func (c *Connector) SetTransactionPooler() {
	c.pooler.present = true
	c.pooler.probing = make(chan struct{}, 1)
	c.pooler.probing <- struct{}{}
}

// SetLogger implements driver.Logging.
func (c *Connector) SetLogger(l *slog.Logger) { c.pooler.logger = l }

// probe finds out, with the first connection, whether the pooler answers statements that
// are sent together: some mix up or swallow them. It reports whether conn can still be
// used.
func (c *Connector) probe(ctx context.Context, conn *Conn) (usable bool, err error) {
	p := &c.pooler
	if !p.present || p.probed.Load() {
		return true, nil
	}
	select {
	case <-p.probing:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { p.probing <- struct{}{} }()
	if p.probed.Load() {
		return true, nil
	}
	bounded, cancel := context.WithTimeout(ctx, ProbeTimeout)
	defer cancel()
	good := conn.answersTogether(bounded)
	if !good && ctx.Err() != nil {
		return false, ctx.Err() // nothing was found out
	}
	p.stepwise.Store(!good)
	p.probed.Store(true)
	if good {
		return true, nil
	}
	if p.logger != nil {
		p.logger.Warn("the pooler does not answer statements that are sent together: each waits for the one before from now on",
			"database", c.database)
	}
	return false, nil
}

// answersTogether sends five statements at once, twice, since the second time the types
// of their results are known, and looks whether each gets its own answer.
func (c *Conn) answersTogether(ctx context.Context) bool {
	const statements = 5
	for range 2 {
		var got [statements]int64
		f := driver.Flight{Statements: make([]driver.Statement, statements)}
		for i := range f.Statements {
			f.Statements[i] = driver.Statement{
				SQL: "SELECT $1::int8 + 1", Args: []driver.Value{driver.Int64(int64(i))}, Class: driver.Read,
				Sink: rowFunc(func(r driver.Row) (err error) {
					got[i], err = r.Int64(0)
					return err
				}),
			}
		}
		if c.Fly(ctx, &f) != nil || f.Err() != nil {
			return false
		}
		for i, n := range got {
			if n != int64(i)+1 {
				return false
			}
		}
	}
	return true
}

// step carries out the units one by one, each with a round trip of its own. What stands
// behind an error in a transaction is not sent, as the server would refuse it.
func (c *Conn) step(ctx context.Context, units []unit) error {
	begun := false // the open transaction began in this flight
	failed := false
	for i := range units {
		u := &units[i]
		switch class := u.st.Class; {
		case class == driver.Begin && c.tx == 'I':
			begun, failed = true, false
		case failed && begun && c.tx == 'I':
			// BEGIN itself failed: without it what follows would be on its own.
			u.st.Err = errAborted
			begun = class != driver.Commit && class != driver.Rollback
			continue
		case c.tx == 'E' && class != driver.Savepoint && class != driver.Commit && class != driver.Rollback:
			u.st.Err = errAborted
			continue
		}
		err := c.exchange(ctx, units[i:i+1], false)
		if err == nil {
			err = c.again(ctx, units[i:i+1])
		}
		if err != nil {
			for k := i + 1; k < len(units); k++ {
				units[k].st.Err = err // never sent
			}
			return err
		}
		failed = failed || u.st.Err != nil
		if u.st.Class == driver.Commit || u.st.Class == driver.Rollback {
			begun, failed = false, false
		}
	}
	return nil
}
