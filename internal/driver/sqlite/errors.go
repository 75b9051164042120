package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/spillwaydb/spillway/internal/driver"
)

// prepareError marks an error that came before the statement ran.
type prepareError struct{ error }

func (e *prepareError) Unwrap() error { return e.error }

// lost is the error of a connection that can not be used any more.
func lost(cause error) error {
	e := &driver.Error{Kind: driver.ErrConnectionLost, Message: "the connection is closed", Err: cause}
	if cause != nil {
		e.Message = cause.Error()
	}
	return e
}

// aborted is the answer inside a failed transaction.
func aborted() error {
	return &driver.Error{
		Kind: driver.ErrTxAborted, Message: "an earlier statement of the transaction failed",
		Hint: "roll back, or return to a savepoint",
	}
}

// canceled is the error of what was not carried out because ctx ended.
func canceled(ctx context.Context, native error) error {
	cause := context.Cause(ctx)
	e := &driver.Error{Kind: driver.ErrCanceled, Message: cause.Error(), Err: cause}
	if native != nil {
		e.Code = codeName(native)
		e.Err = errors.Join(cause, native)
	}
	return e
}

// sinkPanic is the error of a sink that panicked. Its text leaves the value out, which
// may be an argument or a row; errors.As reaches it if it is an error.
func sinkPanic(p any) error { return &panicError{p} }

type panicError struct{ value any }

func (e *panicError) Error() string {
	return fmt.Sprintf("the sink of the rows panicked with a value of type %T", e.value)
}

func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}

// failed makes the error of a statement.
func (c *conn) failed(ctx context.Context, err error, s *driver.Statement) error {
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return e
	}
	switch code := sqliteCode(err); {
	case code != sqlite3.INTERRUPT && code != sqlite3.BUSY:
	case c.shut.Load():
		return lost(nil)
	case ctx.Err() != nil:
		return canceled(ctx, err)
	}
	e := c.home.failure(err, s)
	if s == nil {
		return e
	}
	if wroteBadly(err) && c.mayLast(s) {
		e.Kind = driver.ErrOutcomeUnknown
		e.Hint = "the change is undone now, but comes back if the process dies before the next commit and its log was complete; read before trying again"
	}
	return e
}

// mayLast reports whether the statement that failed was at the point of a commit.
func (c *conn) mayLast(s *driver.Statement) bool {
	return s.Class == driver.Commit || c.tx == txNone && s.Class != driver.Read && s.Class != driver.Begin
}

// wroteBadly reports whether an I/O error came from writing.
func wroteBadly(err error) bool {
	if sqliteCode(err) != sqlite3.IOERR {
		return false
	}
	switch extendedCode(err) {
	case sqlite3.IOERR_READ, sqlite3.IOERR_SHORT_READ, sqlite3.IOERR_CORRUPTFS, sqlite3.IOERR_DATA,
		sqlite3.IOERR_IN_PAGE, sqlite3.IOERR_ACCESS, sqlite3.IOERR_FSTAT, sqlite3.IOERR_RDLOCK:
		return false
	}
	return true
}

// sqliteCode returns the primary result code of an error, 0 if it has none.
func sqliteCode(err error) sqlite3.ErrorCode {
	var code sqlite3.ErrorCode
	if errors.As(err, &code) {
		return code
	}
	return 0
}

// extendedCode returns the extended result code of an error, 0 if it has none.
func extendedCode(err error) sqlite3.ExtendedErrorCode {
	var code sqlite3.ExtendedErrorCode
	if errors.As(err, &code) {
		return code
	}
	return 0
}

// message returns SQLite's own message, without the text of the code.
func message(err error) string {
	e, ok := errors.AsType[*sqlite3.Error](err)
	if !ok {
		return strings.Replace(err.Error(), "sqlite3: ", "", 1)
	}
	m := e.Error()
	if rest, cut := strings.CutPrefix(m, e.ExtendedCode().Error()); cut && rest != "" {
		return strings.TrimPrefix(rest, ": ")
	}
	return strings.TrimPrefix(m, "sqlite3: ")
}

// failure maps an error of SQLite. s may be nil.
func (c *connector) failure(err error, s *driver.Statement) *driver.Error {
	e := &driver.Error{Kind: driver.ErrDatabase, Code: codeName(err), Message: message(err), Err: native(err)}
	switch sqliteCode(err) {
	case sqlite3.CONSTRAINT:
		constraint(e, extendedCode(err))
	case sqlite3.BUSY, sqlite3.LOCKED:
		e.Kind = driver.ErrBusy
		e.Hint = fmt.Sprintf("another process, or another pool in this one, held %q for longer than %v", c.database(), max(0, c.cfg.BusyTimeout))
	case sqlite3.READONLY:
		e.Kind = driver.ErrReadOnly
		if extendedCode(err) == sqlite3.READONLY_DBMOVED {
			e.Hint = fmt.Sprintf("the file %q was moved or deleted while it was open", c.database())
		}
	case sqlite3.CORRUPT, sqlite3.NOTADB:
		e.Kind = driver.ErrCorrupt
		e.Hint = fmt.Sprintf("restore %q from a backup, or save what is left with sqlite3 and its .recover command", c.database())
		if sqliteCode(err) == sqlite3.NOTADB {
			e.Hint = fmt.Sprintf("%q is not a SQLite database, or it is encrypted; check the path", c.database())
		}
	case sqlite3.FULL:
		e.Kind = driver.ErrFull
		e.Hint = fmt.Sprintf("free space where %q lies", c.database())
	case sqlite3.INTERRUPT:
		e.Kind = driver.ErrCanceled
	case sqlite3.TOOBIG, sqlite3.MISMATCH, sqlite3.RANGE:
		e.Kind = driver.ErrValue
	case sqlite3.AUTH, sqlite3.PERM:
		e.Kind = driver.ErrAuth
	case sqlite3.CANTOPEN:
		e.Kind = driver.ErrConnect
		c.diagnose(e, err)
	case sqlite3.ERROR:
		statementError(e, err)
	}
	if s != nil && e.Kind != driver.ErrSyntax && repeats(e.Message, s.Args) {
		e.Message = "(withheld: the message repeats an argument)"
	}
	return e
}

// native drops our own mark from an error.
func native(err error) error {
	if p, ok := errors.AsType[*prepareError](err); ok {
		return p.error
	}
	return err
}

// statementError sorts the many messages of SQLITE_ERROR.
func statementError(e *driver.Error, err error) {
	m := e.Message
	_, preparing := errors.AsType[*prepareError](err)
	switch {
	case strings.HasPrefix(m, "no such table: "):
		e.Kind = driver.ErrNoTable
		e.Table = strings.TrimPrefix(m, "no such table: ")
		if schema, table, ok := strings.Cut(e.Table, "."); ok {
			e.Schema, e.Table = schema, table
		}
		e.Hint = `create it with CreateTables or "spillway migrate"`
	case strings.HasPrefix(m, "no such column: "):
		e.Kind = driver.ErrNoColumn
		e.Column = strings.TrimPrefix(m, "no such column: ")
		e.Column, _, _ = strings.Cut(e.Column, " ")
		if i := strings.LastIndexByte(e.Column, '.'); i >= 0 {
			e.Table, e.Column = e.Column[:i], e.Column[i+1:]
		}
	case strings.Contains(m, " has no column named "):
		e.Kind = driver.ErrNoColumn
		e.Table, e.Column, _ = strings.Cut(m, " has no column named ")
		e.Table = strings.TrimPrefix(e.Table, "table ")
	case strings.HasSuffix(m, " already exists"), strings.HasPrefix(m, "duplicate column name: "),
		strings.Contains(m, "there is already "):
		e.Kind = driver.ErrExists
	case preparing:
		e.Kind = driver.ErrSyntax
	case strings.Contains(m, "JSON"), m == "integer overflow":
		e.Kind = driver.ErrValue
	}
}

// constraint fills in what a violated constraint tells: "UNIQUE constraint failed:
// users.email, users.tenant", "UNIQUE constraint failed: index 'i'", "CHECK constraint
// failed: name".
func constraint(e *driver.Error, code sqlite3.ExtendedErrorCode) {
	_, what, _ := strings.Cut(e.Message, " constraint failed: ")
	switch code {
	case sqlite3.CONSTRAINT_UNIQUE, sqlite3.CONSTRAINT_PRIMARYKEY, sqlite3.CONSTRAINT_ROWID:
		e.Kind = driver.ErrUnique
	case sqlite3.CONSTRAINT_NOTNULL:
		e.Kind = driver.ErrNotNull
	case sqlite3.CONSTRAINT_FOREIGNKEY:
		e.Kind = driver.ErrForeignKey
		return
	case sqlite3.CONSTRAINT_CHECK:
		e.Kind = driver.ErrCheck
		e.Constraint = what
		return
	case sqlite3.CONSTRAINT_DATATYPE:
		e.Kind = driver.ErrValue
		if i := strings.LastIndex(e.Message, " column "); i >= 0 {
			e.Table, e.Column, _ = strings.Cut(e.Message[i+len(" column "):], ".")
		}
		return
	default:
		return // RAISE in a trigger, a virtual table
	}
	if index, ok := strings.CutPrefix(what, "index '"); ok {
		e.Constraint = strings.TrimSuffix(index, "'")
		return
	}
	var columns []string
	for name := range strings.SplitSeq(what, ", ") {
		table, column, ok := strings.Cut(name, ".")
		if !ok {
			return // a name with a comma or a dot in it: better none than a wrong one
		}
		e.Table = table
		columns = append(columns, column)
	}
	e.Column = strings.Join(columns, ", ")
}

// repeats reports whether a message holds an argument, as those about malformed JSON
// paths or full-text queries do. Very short texts and numbers are in any message.
func repeats(message string, args []driver.Value) bool {
	for i := range args {
		var text string
		switch args[i].Kind() {
		case driver.KindText, driver.KindBytes, driver.KindJSON:
			text = string(args[i].Bytes())
		case driver.KindInt64, driver.KindFloat64:
			text = strings.TrimPrefix(fmt.Sprint(args[i].Any()), "-")
		}
		if len(text) >= 3 && strings.Contains(message, text) {
			return true
		}
	}
	return false
}

// openError makes the error of a connection that could not be opened.
func (c *connector) openError(err error) error {
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return e
	}
	e := c.failure(err, nil)
	if e.Kind == driver.ErrDatabase {
		e.Kind = driver.ErrConnect
	}
	e.Message = fmt.Sprintf("%q: %s", c.database(), e.Message)
	return e
}

// diagnose says why a file can not be opened.
func (c *connector) diagnose(e *driver.Error, err error) {
	if !c.osFiles() {
		return
	}
	path := c.cfg.Path
	dir := filepath.Dir(path)
	info, statErr := os.Stat(path)
	dirInfo, dirErr := os.Stat(dir)
	switch {
	case statErr == nil && info.IsDir():
		e.Hint = fmt.Sprintf("%q is a directory; name a file in it", path)
	case errors.Is(dirErr, fs.ErrNotExist):
		e.Hint = fmt.Sprintf("the directory %q does not exist; create it first", dir)
	case dirErr == nil && !dirInfo.IsDir(), dirErr != nil && !errors.Is(dirErr, fs.ErrPermission):
		e.Hint = fmt.Sprintf("%q is not a directory", dir)
	case errors.Is(statErr, fs.ErrNotExist) && c.cfg.ReadOnly:
		e.Kind = driver.ErrNoDatabase
		e.Hint = fmt.Sprintf("%q does not exist, and a read-only database is not created", path)
	case errors.Is(err, fs.ErrPermission), errors.Is(dirErr, fs.ErrPermission):
		e.Hint = fmt.Sprintf("this user may not read and write %q and its directory %q%s", path, dir, mode(dirInfo))
	default:
		e.Hint = fmt.Sprintf("SQLite needs to read and write %q and to create files in %q%s", path, dir, mode(dirInfo))
	}
}

// mode tells the permissions of a directory.
func mode(info fs.FileInfo) string {
	if info == nil {
		return ""
	}
	return fmt.Sprintf(" (%v)", info.Mode())
}
