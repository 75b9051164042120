package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/spillwaydb/spillway/internal/driver"
)

// kindOf maps a SQLSTATE (manual, appendix "PostgreSQL Error Codes").
func kindOf(code string) driver.Kind {
	switch code {
	case "23505", "23P01":
		return driver.ErrUnique
	case "23503", "23001":
		return driver.ErrForeignKey
	case "23502":
		return driver.ErrNotNull
	case "40001":
		return driver.ErrSerialization
	case "40003":
		return driver.ErrOutcomeUnknown
	case "40P01":
		return driver.ErrDeadlock
	case "55P03":
		return driver.ErrLockTimeout
	case "55006":
		return driver.ErrBusy
	case "25006":
		return driver.ErrReadOnly
	case "25P02":
		return driver.ErrTxAborted
	case "57014":
		return driver.ErrCanceled
	case "57P01", "57P02", "57P03", "57P05", "25P03", "25P04":
		return driver.ErrConnectionLost
	case "3D000":
		return driver.ErrNoDatabase
	case "53300":
		return driver.ErrTooMany
	case "53100":
		return driver.ErrFull
	case "42P01":
		return driver.ErrNoTable
	case "42703":
		return driver.ErrNoColumn
	case "42P07", "42710", "42P06", "42701", "42P04", "42723":
		return driver.ErrExists
	case "42501":
		return driver.ErrAuth
	case "08P01": // as an ERROR: the arguments do not match the statement
		return driver.ErrValue
	case "XX001", "XX002":
		return driver.ErrCorrupt
	}
	switch code[:min(2, len(code))] {
	case "08":
		return driver.ErrConnectionLost
	case "22":
		return driver.ErrValue
	case "23":
		return driver.ErrCheck
	case "28":
		return driver.ErrAuth
	case "42":
		return driver.ErrSyntax
	}
	return driver.ErrDatabase
}

// fatal tells whether the server ends the connection with this error.
func fatal(pe *pgconn.PgError) bool {
	s := pe.SeverityUnlocalized
	if s == "" {
		s = pe.Severity
	}
	return s == "FATAL" || s == "PANIC"
}

// databaseError translates what the server answered. The server's detail, context and
// internal query stay in the native error, since they hold values; args are taken out
// of the message where it may quote them.
func databaseError(pe *pgconn.PgError, args []driver.Value) *driver.Error {
	e := &driver.Error{
		Kind: kindOf(pe.Code), Code: pe.Code, Message: pe.Message, Err: pe,
		Schema: pe.SchemaName, Table: pe.TableName, Column: pe.ColumnName, Constraint: pe.ConstraintName,
	}
	switch {
	case pe.Code == "22021":
		e.Message = "a text is not valid in the database's encoding, or holds a NUL byte"
	case e.Kind == driver.ErrValue:
		e.Message = unquote(pe.Message)
	case pe.Code == "42P01":
		if pe.Routine == "errorMissingRTE" { // a table that the statement does not use
			e.Kind = driver.ErrSyntax
			break
		}
		if e.Table = quoted(pe.Message); redact(e.Table, args) != e.Table {
			e.Table = "" // nextval($1), CAST($1 AS regclass)
		}
		e.Hint = `create it with CreateTables or "spillway migrate"`
	case pe.Code == "55P03":
		if _, name, ok := strings.Cut(pe.Where, "tuple"); ok && e.Table == "" {
			_, name, _ = strings.Cut(name, " in relation ")
			e.Table = quoted(name)
		}
	case pe.Code == "42703":
		e.Column = columnName(pe.Message)
	case pe.Code == "23505", pe.Code == "23503" && strings.HasPrefix(pe.Message, "insert or update"):
		if e.Column == "" {
			e.Column = detailColumns(pe.Detail)
		}
	}
	e.Message = redact(e.Message, args)
	return e
}

// unquote removes what a message quotes: for a value that does not fit, that is the
// value.
func unquote(s string) string {
	i, j := strings.IndexByte(s, '"'), strings.LastIndexByte(s, '"')
	if i < 0 || i == j {
		return s
	}
	return s[:i] + `"…"` + s[j+1:]
}

// redact takes arguments out of a message, into which the server, or a function of the
// database's owner, may have put them. Short ones tell nothing.
func redact(message string, args []driver.Value) string {
	const short = 4
	for i := range args {
		for _, form := range forms(args[i]) {
			if len(form) >= short && len(form) <= len(message) {
				message = strings.ReplaceAll(message, form, "…")
			}
		}
	}
	return message
}

// forms are the texts as which an argument may stand in a message: a name is put in lower
// case and cut by the server (manual, "Identifiers and Key Words").
func forms(v driver.Value) []string {
	switch v.Kind() {
	case driver.KindText, driver.KindBytes, driver.KindJSON:
		s := string(v.Bytes())
		out := []string{s, strings.ToLower(s)}
		if len(s) > maxName {
			out = append(out, s[:maxName], out[1][:maxName])
		}
		return out
	case driver.KindInt64, driver.KindFloat64:
		return []string{fmt.Sprint(v.Any())}
	case driver.KindUUID:
		u := v.UUID()
		return []string{fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])}
	}
	return nil
}

// maxName is the server's NAMEDATALEN - 1.
const maxName = 63

// quoted returns the first quoted name of a message.
func quoted(s string) string {
	_, s, _ = strings.Cut(s, `"`)
	name, _, ok := strings.Cut(s, `"`)
	if !ok {
		return ""
	}
	return name
}

// columnName finds the column in `column "a" of relation "t" does not exist` or
// `column t.a does not exist`.
func columnName(s string) string {
	s = strings.TrimPrefix(s, "column ")
	if strings.HasPrefix(s, `"`) {
		return quoted(s)
	}
	name, _, _ := strings.Cut(s, " ")
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name = name[i+1:]
	}
	return strings.Trim(name, `"`)
}

// detailColumns takes the names, and only the names, out of a detail such as
// "Key (a, b)=(1, 2) already exists."
func detailColumns(s string) string {
	i := strings.IndexByte(s, '(')
	j := strings.Index(s, ")=(")
	if i < 0 || j < i {
		return ""
	}
	return s[i+1 : j]
}

// A doubt joins the reason for which a statement was given up with what the database
// or the network said.
type doubt struct{ cause, native error }

func (d *doubt) Error() string   { return d.cause.Error() + ": " + d.native.Error() }
func (d *doubt) Unwrap() []error { return []error{d.cause, d.native} }

// canceled is the error of a statement that was certainly not carried out because ctx
// ended.
func canceled(ctx context.Context, native error) *driver.Error {
	cause := context.Cause(ctx)
	e := &driver.Error{Kind: driver.ErrCanceled, Message: cause.Error(), Err: cause}
	if pe, ok := native.(*pgconn.PgError); ok {
		e.Code, e.Err = pe.Code, &doubt{cause, pe}
	}
	return e
}

// lostError says that the connection is gone.
func lostError(native error) *driver.Error {
	e := &driver.Error{Kind: driver.ErrConnectionLost, Err: native}
	var pe *pgconn.PgError
	if errors.As(native, &pe) {
		e.Code, e.Message = pe.Code, pe.Message
	} else {
		e.Message = native.Error()
	}
	return e
}

// unknownError says that a statement may or may not have been carried out.
func unknownError(why *driver.Error) *driver.Error {
	return &driver.Error{Kind: driver.ErrOutcomeUnknown, Code: why.Code, Message: "the connection was lost before the answer came: " + why.Error(), Err: why}
}

// connectError says why there is no connection, and to where, without a password: only
// host, port and database of the configuration are used, never its text.
func connectError(ctx context.Context, database string, err error) error {
	if ctx.Err() != nil {
		cause := context.Cause(ctx)
		return &driver.Error{Kind: driver.ErrConnect, Message: database + ": " + cause.Error(), Err: &doubt{cause, err}}
	}
	e := &driver.Error{Kind: driver.ErrConnect, Err: err}
	var pe *pgconn.PgError
	var op *net.OpError
	switch {
	case errors.As(err, &pe):
		e.Code = pe.Code
		e.Message = database + ": " + pe.Message
		switch k := kindOf(pe.Code); k {
		case driver.ErrAuth, driver.ErrNoDatabase, driver.ErrTooMany:
			e.Kind = k
		}
	case errors.As(err, &op):
		e.Message = fmt.Sprintf("%s: %v", database, op)
	default:
		var ce *pgconn.ConnectError
		if errors.As(err, &ce) {
			err = ce.Unwrap() // its own text repeats user and database
		}
		e.Message = database + ": " + err.Error()
	}
	return e
}
