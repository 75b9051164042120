package postgres

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/spillwaydb/spillway/internal/driver"
)

// An answer is what has come back for a unit so far.
type answer struct {
	params   []uint32
	cols     *columns // as the server described them this time
	astray   bool     // some of them come in a format that they are not read in
	begun    bool     // the sink has
	sinkErr  error    // or it gave up
	affected int64
	rolled   bool // the tag was ROLLBACK
	final    bool // the ReadyForQuery behind it has come
	stale    bool // it failed because of what was believed about it
}

var (
	errAborted = &driver.Error{Kind: driver.ErrTxAborted, Message: "an earlier statement of the transaction failed"}
	errCopy    = &driver.Error{Kind: driver.ErrSyntax, Message: "COPY can not be sent among other statements"}
)

// receive reads the answers, one Sync after the other. An error means that the
// connection is lost.
func (c *Conn) receive(ctx context.Context, units []unit) error {
	for len(units) > 0 {
		n := 1
		for !units[n-1].sync {
			n++
		}
		if err := c.receiveSegment(ctx, units[:n]); err != nil {
			return err
		}
		units = units[n:]
	}
	return nil
}

// receiveSegment reads up to the next ReadyForQuery and answers the statements.
func (c *Conn) receiveSegment(ctx context.Context, units []unit) error {
	i := 0 // the unit that is being answered
	var failure *pgconn.PgError
	for {
		msg, err := c.front.Receive()
		if err != nil {
			return err
		}
		if failure != nil { // the server skips everything up to the Sync
			i = len(units)
		}
		u := &units[min(i, len(units)-1)]
		switch m := msg.(type) {
		case *pgproto3.DataRow:
			c.takeRow(u, m.Values)
		case *pgproto3.BindComplete, *pgproto3.CloseComplete, *pgproto3.CopyData, *pgproto3.CopyDone:
		case *pgproto3.CommandComplete:
			u.affected, u.rolled = tag(m.CommandTag)
			u.start()
			i++
		case *pgproto3.EmptyQueryResponse:
			u.start()
			i++
		case *pgproto3.ReadyForQuery:
			c.tx = m.TxStatus
			if failure == nil && i < len(units) {
				return errors.New("the server ended a flight with statements unanswered")
			}
			for k := range units {
				units[k].final = true
				units[k].finish()
			}
			return nil
		case *pgproto3.ParseComplete:
			if u.mode == parseNamed {
				u.p.ready = true
			}
		case *pgproto3.ParameterDescription:
			u.params = append([]uint32{}, m.ParameterOIDs...)
		case *pgproto3.RowDescription:
			u.cols = describe(m)
			u.astray = u.cols.astray()
		case *pgproto3.NoData:
			u.cols = &columns{}
		case *pgproto3.ErrorResponse:
			pe := pgconn.ErrorResponseToPgError(m)
			if fatal(pe) || pe.Code == "57014" && c.closed.Load() {
				return pe
			}
			if failure == nil {
				failure = pe
				// An error behind the last answer comes from the commit at the Sync.
				u.fail(ctx, pe)
				for k := i + 1; k < len(units); k++ {
					units[k].st.Err = errAborted
				}
			}
		case *pgproto3.CopyOutResponse:
			u.sinkErr = errCopy
		case *pgproto3.NoticeResponse, *pgproto3.NotificationResponse, *pgproto3.ParameterStatus:
			c.aside(msg)
		default:
			return fmt.Errorf("unexpected %T from the server", msg)
		}
	}
}

// fail answers a unit with an error of the server.
func (u *unit) fail(ctx context.Context, pe *pgconn.PgError) {
	switch {
	case u.refused != nil:
		u.st.Err = u.refused
	case pe.Code == "57014" && ctx.Err() != nil:
		u.st.Err = canceled(ctx, pe)
	case u.misfit != nil && kindOf(pe.Code) == driver.ErrValue:
		u.st.Err = u.misfit // it names the parameter
	default:
		e := databaseError(pe, u.st.Args)
		if u.mode != unnamed && u.misfit == nil && isStale(pe) {
			u.stale = true
			if pe.Code == "0A000" {
				e.Kind = driver.ErrSerialization
				e.Hint = "a table changed; run the transaction again"
			}
		}
		u.st.Err = e
	}
}

// isStale tells whether an error may come from an old plan or an old description.
func isStale(pe *pgconn.PgError) bool {
	switch pe.Code {
	case "26000", "42P05": // the prepared statement is not there, or there already
		return true
	case "0A000":
		return pe.Routine == "RevalidateCachedQuery"
	case "08P01": // a format for each of another number of columns
		return true
	case "42501", "42P01": // these do not depend on types
		return false
	}
	// Values and expressions of types that have changed.
	return strings.HasPrefix(pe.Code, "22") || strings.HasPrefix(pe.Code, "42")
}

// finish answers a unit that its ReadyForQuery has confirmed.
func (u *unit) finish() {
	st := u.st
	switch {
	case st.Err != nil:
		return
	case u.sinkErr != nil:
		st.Err = u.sinkErr
	case st.Class == driver.Commit && u.rolled:
		st.Err = errAborted
		return
	}
	st.Affected = u.affected
}

// unbegun fails the commits of transactions that did not begin: the server only warns
// that there is nothing to commit.
func unbegun(units []unit) {
	for i := range units {
		if units[i].st.Class != driver.Begin || units[i].st.Err == nil {
			continue
		}
		for j := i + 1; j < len(units) && units[j].group == units[i].group; j++ {
			if units[j].st.Class == driver.Commit && units[j].st.Err == nil {
				units[j].st.Err = errAborted
			}
		}
	}
}

// abandon answers the units that the lost connection left without an answer.
func (c *Conn) abandon(units []unit, lost *driver.Error) {
	for i := range units {
		u := &units[i]
		if u.final || u.st.Err != nil {
			continue
		}
		u.st.Affected, u.st.Err = 0, lost
		switch {
		case u.refused != nil:
			u.st.Err = u.refused
		case !u.lasting:
		case u.st.Class == driver.Write, u.st.Class == driver.Raw, u.st.Class == driver.Schema, u.st.Class == driver.Commit:
			u.st.Err = unknownError(lost)
		}
	}
}

// learn keeps what this flight taught about statements.
func (c *Conn) learn(units []unit) {
	for i := range units {
		u := &units[i]
		retyped := u.misfit != nil && u.st.Err == nil
		if u.p != nil && (u.stale || retyped || !u.p.ready) {
			c.forget(u.p)
		}
		if u.stale {
			c.connector.descriptions.drop(u.st.SQL)
		}
		if u.st.Err != nil || u.cols == nil || u.st.Class == driver.Schema {
			continue
		}
		switch {
		case u.mode == unnamed || retyped:
			c.connector.descriptions.put(u.st.SQL, &description{params: u.params, cols: u.cols.asked()})
		case !u.cols.same(u.desc.cols):
			desc := &description{params: u.desc.params, cols: u.cols.asked()}
			c.connector.descriptions.put(u.st.SQL, desc)
			if u.p != nil {
				u.p.desc = desc
			}
		}
	}
}

// forget closes a prepared statement, if it is still the one in the cache.
func (c *Conn) forget(p *prepared) {
	if c.cache.remove(p) && p.ready {
		c.closes = append(c.closes, p.name)
	}
}

// again mends what an exchange left: it sends once more what failed because of an old
// description, and ends a transaction whose commit was skipped.
func (c *Conn) again(ctx context.Context, units []unit) error {
	if err := c.settle(ctx, units); err != nil {
		return err
	}
	var stale []unit
	for i := range units {
		if units[i].stale && units[i].group > 0 && c.tx == 'I' && ctx.Err() == nil {
			for j := range units {
				if units[j].group == units[i].group {
					stale = append(stale, unit{st: units[j].st})
				}
			}
		}
	}
	if stale == nil {
		return nil
	}
	for i := range stale {
		stale[i].st.Affected, stale[i].st.Err = 0, nil
	}
	if err := c.exchange(ctx, stale, true); err != nil {
		return err
	}
	return c.settle(ctx, stale)
}

// settle rolls back a transaction that an error kept from the commit at the end of a
// flight.
func (c *Conn) settle(ctx context.Context, units []unit) error {
	if c.tx != 'E' || units[len(units)-1].st.Class != driver.Commit {
		return nil
	}
	st := driver.Statement{SQL: "ROLLBACK", Class: driver.Rollback}
	return c.exchange(ctx, []unit{{st: &st}}, false)
}

// tag reads a command tag: "INSERT 0 5", "SELECT 3", "CREATE TABLE".
func tag(b []byte) (affected int64, rolled bool) {
	factor := int64(1)
	for i := len(b) - 1; i >= 0 && b[i] >= '0' && b[i] <= '9'; i-- {
		affected += factor * int64(b[i]-'0')
		factor *= 10
	}
	return affected, string(b) == "ROLLBACK"
}

// describe copies a row description out of the read buffer.
func describe(m *pgproto3.RowDescription) *columns {
	c := &columns{list: make([]column, len(m.Fields))}
	for i, f := range m.Fields {
		c.list[i] = column{name: string(f.Name), oid: f.DataTypeOID, format: f.Format}
	}
	return c
}

// columns returns what the unit's rows are read with.
func (u *unit) columns() *columns {
	if u.cols == nil && u.desc != nil {
		return u.desc.cols
	}
	return u.cols
}

// start begins the sink, once.
func (u *unit) start() {
	if u.begun || u.st.Sink == nil {
		return
	}
	u.begun = true
	cols := u.columns()
	if cols == nil {
		cols = &columns{}
	}
	if err := begin(u.st.Sink, cols.describe()); err != nil && u.sinkErr == nil {
		u.sinkErr = err
	}
}

// takeRow gives a row to the unit's sink.
func (c *Conn) takeRow(u *unit, values [][]byte) {
	u.start()
	if u.sinkErr != nil || u.st.Sink == nil {
		return
	}
	cols := u.columns().list
	if u.astray {
		if cols, u.sinkErr = straighten(cols, values); u.sinkErr != nil {
			// A read that stands alone is sent again with the right formats.
			u.stale = u.alone && u.st.Class == driver.Read
			return
		}
	}
	c.row.cols, c.row.values = cols, values
	u.sinkErr = sinkRow(u.st.Sink, &c.row)
	c.row.cols, c.row.values = nil, nil
}

func begin(s driver.Sink, cols []driver.Column) (err error) {
	defer recovered(&err)
	return s.Begin(cols)
}

func sinkRow(s driver.Sink, r *row) (err error) {
	defer recovered(&err)
	return s.Row(r)
}

// recovered makes an error of a panic, without the value: it may be an argument.
func recovered(err *error) {
	switch v := recover().(type) {
	case nil:
	case runtime.Error:
		*err = fmt.Errorf("a sink panicked: %w", v)
	default:
		*err = fmt.Errorf("a sink panicked with a %T", v)
	}
}
