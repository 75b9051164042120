package driver

import (
	"strings"
)

// A Kind classifies errors of a database alike on every backend. Kinds are errors:
// errors.Is(err, driver.ErrUnique) matches an *[Error] of that kind.
type Kind string

// Error returns the kind as a phrase.
func (k Kind) Error() string { return string(k) }

// The kinds. A backend maps its native codes to them; what fits none is ErrDatabase.
const (
	ErrUnique         Kind = "unique constraint violated"
	ErrForeignKey     Kind = "foreign key constraint violated"
	ErrNotNull        Kind = "not-null constraint violated"
	ErrCheck          Kind = "check constraint violated"
	ErrSerialization  Kind = "serialization failure"
	ErrDeadlock       Kind = "deadlock detected"
	ErrBusy           Kind = "database is busy"
	ErrLockTimeout    Kind = "lock not available in time"
	ErrReadOnly       Kind = "database is read-only"
	ErrConnectionLost Kind = "connection lost"
	ErrConnect        Kind = "can not connect"
	ErrAuth           Kind = "access denied"
	ErrNoDatabase     Kind = "database does not exist"
	ErrTooMany        Kind = "too many connections"
	ErrSyntax         Kind = "syntax error"
	ErrNoTable        Kind = "table does not exist"
	ErrNoColumn       Kind = "column does not exist"
	ErrExists         Kind = "object already exists"
	ErrValue          Kind = "value does not fit"
	ErrDecode         Kind = "value can not be read as the wanted type"
	ErrCanceled       Kind = "statement canceled"
	ErrTxAborted      Kind = "transaction is aborted"
	ErrOutcomeUnknown Kind = "outcome unknown"
	ErrCorrupt        Kind = "database file is damaged"
	ErrFull           Kind = "disk is full"
	ErrDatabase       Kind = "database error"
)

// An Error is what a database answered, in the words every backend shares. It matches
// its Kind by errors.Is and unwraps to the native error.
type Error struct {
	Kind Kind
	// Code is the backend's own code: a SQLSTATE, or SQLite's extended result code by
	// name.
	Code string
	// Message is the server's message. It never holds argument values: what a server
	// adds as detail stays in the native error.
	Message string
	// Schema, Table, Column and Constraint name what was violated, as far as the
	// backend tells. Column holds several names as "a, b". Of an ErrLockTimeout Table is the
	// table, or index, of the row that is locked, and empty if it is not a row.
	Schema, Table, Column, Constraint string
	// Hint says what to do about it.
	Hint string
	// Err is the native error.
	Err error
}

// Error returns kind, message, the names and the hint.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Kind))
	if e.Message != "" {
		b.WriteString(": ")
		b.WriteString(e.Message)
	}
	var at []string
	for _, p := range [...][2]string{{"table", e.Table}, {"column", e.Column}, {"constraint", e.Constraint}, {"code", e.Code}} {
		if p[1] != "" {
			at = append(at, p[0]+" "+p[1])
		}
	}
	if len(at) > 0 {
		b.WriteString(" (" + strings.Join(at, ", ") + ")")
	}
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// Unwrap returns the native error.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the error's kind.
func (e *Error) Is(target error) bool {
	k, ok := target.(Kind)
	return ok && k == e.Kind
}
