package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/spillwaydb/spillway/internal/driver"
)

var errCopyAlone = &driver.Error{Kind: driver.ErrSyntax, Message: "a statement with rows to copy is alone in its flight"}

// refuseCopy answers a flight that has a Copy and more; it reports whether it did.
func refuseCopy(f *driver.Flight) bool {
	if len(f.Statements) < 2 {
		return false
	}
	for i := range f.Statements {
		if f.Statements[i].Copy != nil {
			_ = failAll(f, errCopyAlone)
			return true
		}
	}
	return false
}

// copyIn carries out the only unit of a flight, a Copy. Its error means that the
// connection is lost.
//
// The server is asked for the types of the columns first and the rows follow before the
// Sync, so both belong to one transaction and one lock of the table: what was learned
// can not be wrong by the time the rows come.
func (c *Conn) copyIn(ctx context.Context, units []unit) error {
	u := &units[0]
	u.alone = c.tx == 'I'
	u.lasting = u.alone
	var wrote <-chan struct{} = written
	types, err := c.copyTypes(ctx, u)
	if err == nil && !u.final {
		if refused := c.encodeCopy(u.st.Copy, types); refused != nil {
			u.st.Err = refused
			c.wire.buf = c.wire.buf[:0]
			c.wire.execute(noPortal) // an open transaction fails with it
			c.wire.sync()
		}
		wrote = c.send()
		err = c.receiveCopy(ctx, u)
	}
	if err != nil {
		err = c.lose(ctx, err) // ends the write too
		c.abandon(units, err.(*driver.Error))
	}
	<-wrote
	if cap(c.wire.buf) > maxKept {
		c.wire.buf = nil
	}
	return err
}

// copyTypes asks for the types of the columns, without a Sync. A mistake in the table or
// in the columns answers the unit.
func (c *Conn) copyTypes(ctx context.Context, u *unit) ([]uint32, error) {
	w := &c.wire
	w.buf = w.buf[:0]
	for _, name := range c.closes {
		w.closeStatement(name)
	}
	c.closes = c.closes[:0]
	k := u.st.Copy
	places := make([]string, len(k.Columns))
	for i := range places {
		places[i] = "$" + strconv.Itoa(i+1)
	}
	w.parse("", "INSERT INTO "+quoteName(k.Table)+" ("+quoteNames(k.Columns)+") VALUES ("+strings.Join(places, ", ")+")", nil)
	w.describeStatement("")
	w.begin('H') // Flush
	w.end()
	<-c.send()
	var types []uint32
	for {
		msg, err := c.front.Receive()
		if err != nil {
			return nil, err
		}
		switch m := msg.(type) {
		case *pgproto3.ParseComplete, *pgproto3.CloseComplete:
		case *pgproto3.ParameterDescription:
			types = append(types, m.ParameterOIDs...)
		case *pgproto3.NoData:
			return types, nil
		case *pgproto3.ErrorResponse:
			pe := pgconn.ErrorResponseToPgError(m)
			if fatal(pe) || pe.Code == "57014" && c.closed.Load() {
				return nil, pe
			}
			u.failCopy(ctx, pe)
			w.buf = w.buf[:0]
			w.sync()
			<-c.send()
			return nil, c.receiveCopy(ctx, u)
		case *pgproto3.NoticeResponse, *pgproto3.NotificationResponse, *pgproto3.ParameterStatus:
			c.aside(msg)
		default:
			return nil, fmt.Errorf("unexpected %T from the server", msg)
		}
	}
}

// receiveCopy reads up to the ReadyForQuery and answers the unit.
func (c *Conn) receiveCopy(ctx context.Context, u *unit) error {
	for {
		msg, err := c.front.Receive()
		if err != nil {
			return err
		}
		switch m := msg.(type) {
		case *pgproto3.ParseComplete, *pgproto3.BindComplete, *pgproto3.CopyInResponse:
		case *pgproto3.CommandComplete:
			u.affected, _ = tag(m.CommandTag)
		case *pgproto3.ErrorResponse:
			pe := pgconn.ErrorResponseToPgError(m)
			if fatal(pe) || pe.Code == "57014" && c.closed.Load() {
				return pe
			}
			if u.st.Err == nil {
				u.failCopy(ctx, pe)
			}
		case *pgproto3.ReadyForQuery:
			c.tx = m.TxStatus
			u.final = true
			u.finish()
			return nil
		case *pgproto3.NoticeResponse, *pgproto3.NotificationResponse, *pgproto3.ParameterStatus:
			c.aside(msg)
		default:
			return fmt.Errorf("unexpected %T from the server", msg)
		}
	}
}

// failCopy answers the unit with an error of the server, whose message may quote any of
// the values.
func (u *unit) failCopy(ctx context.Context, pe *pgconn.PgError) {
	if pe.Code == "57014" && ctx.Err() != nil {
		u.st.Err = canceled(ctx, pe)
		return
	}
	var args []driver.Value
	for _, row := range u.st.Copy.Rows {
		args = append(args, row...)
	}
	u.st.Err = databaseError(pe, args)
}

// errNoBinary: a value has no binary form of the same meaning for the type of its column.
var errNoBinary = errors.New("no binary form")

// copyPart is about how many bytes go into one message.
const copyPart = 32 << 10

// encodeCopy writes COPY and the rows: in binary, or as text if a type of the table has
// no binary form here.
func (c *Conn) encodeCopy(k *driver.Copy, types []uint32) error {
	err := c.copyMessages(k, "binary", func(w *wire) error { return w.binaryRows(k, types) })
	if errors.Is(err, errNoBinary) {
		err = c.copyMessages(k, "text", func(w *wire) error { return w.textRows(k) })
	}
	return err
}

func (c *Conn) copyMessages(k *driver.Copy, format string, rows func(w *wire) error) error {
	w := &c.wire
	w.buf = w.buf[:0]
	w.parse("", "COPY "+quoteName(k.Table)+" ("+quoteNames(k.Columns)+") FROM STDIN (FORMAT "+format+")", nil)
	if err := w.bind("", nil, nil, nil); err != nil {
		return err
	}
	w.execute("")
	w.begin('d')
	if err := rows(w); err != nil {
		return err
	}
	w.end()
	w.begin('c')
	w.end()
	w.sync()
	return nil
}

// part begins another message when the one being written is large.
func (w *wire) part() {
	if len(w.buf)-w.start > copyPart {
		w.end()
		w.begin('d')
	}
}

// binaryRows writes rows in the format of the manual, "COPY", "Binary Format".
func (w *wire) binaryRows(k *driver.Copy, types []uint32) error {
	w.buf = append(w.buf, "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	for r, row := range k.Rows {
		w.part()
		w.int16(len(row))
		for i := range row {
			length := len(w.buf)
			w.int32(-1)
			if row[i].Kind() == driver.KindNull {
				continue
			}
			buf, err := appendBinary(w.buf, &row[i], types[i])
			if err == errNoBinary {
				return err
			}
			if err != nil {
				return misfitIn(k, r, i, err)
			}
			w.buf = buf
			binary.BigEndian.PutUint32(w.buf[length:], uint32(len(w.buf)-length-4))
		}
	}
	w.int16(-1)
	return nil
}

// appendBinary appends the binary form of a value for a column of a type.
func appendBinary(buf []byte, v *driver.Value, oid uint32) ([]byte, error) {
	switch {
	case oid == pgtype.JSONBOID && (v.Kind() == driver.KindJSON || v.Kind() == driver.KindText):
		return append(append(buf, 1), v.Bytes()...), nil // 1 is the version
	case oid == pgtype.JSONOID && (v.Kind() == driver.KindJSON || v.Kind() == driver.KindText):
		return append(buf, v.Bytes()...), nil
	case oid == pgtype.Float4OID && v.Kind() == driver.KindFloat64:
		f := float32(v.Float64())
		if math.IsInf(float64(f), 0) && !math.IsInf(v.Float64(), 0) {
			return nil, errNoBinary // the server says what is wrong
		}
		return binary.BigEndian.AppendUint32(buf, math.Float32bits(f)), nil
	}
	buf, format, err := appendValue(buf, v, oid)
	if err == nil && format != binaryFormat && !sameBothWays(oid) {
		err = errNoBinary
	}
	return buf, err
}

var copyEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

// textRows writes rows in the format of the manual, "COPY", "Text Format".
func (w *wire) textRows(k *driver.Copy) error {
	for r, row := range k.Rows {
		w.part()
		for i := range row {
			if i > 0 {
				w.buf = append(w.buf, '\t')
			}
			if row[i].Kind() == driver.KindNull {
				w.buf = append(w.buf, `\N`...)
				continue
			}
			text, _, err := appendValue(nil, &row[i], 0)
			if err != nil {
				return misfitIn(k, r, i, err)
			}
			w.buf = append(w.buf, copyEscapes.Replace(string(text))...)
		}
		w.buf = append(w.buf, '\n')
	}
	return nil
}

func misfitIn(k *driver.Copy, row, column int, err error) error {
	return &driver.Error{Kind: driver.ErrValue, Table: k.Table, Column: k.Columns[column], Message: fmt.Sprintf("row %d: %s", row+1, err)}
}

func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func quoteNames(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = quoteName(n)
	}
	return strings.Join(quoted, ", ")
}
