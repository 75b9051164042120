package migrate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/spillwaydb/spillway/internal/driver"
)

// tracker is the handler of goose's log: what it tells before each statement and behind
// each file is all that is known from outside about where a run stands.
type tracker struct {
	runner *Runner
	down   bool
	result *Result

	file      *File // that runs
	statement int   // its number, counted from 1
	noted     bool  // all its statements succeeded
}

// Enabled implements slog.Handler.
func (t *tracker) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs implements slog.Handler.
func (t *tracker) WithAttrs([]slog.Attr) slog.Handler { return t }

// WithGroup implements slog.Handler.
func (t *tracker) WithGroup(string) slog.Handler { return t }

// Handle implements slog.Handler.
func (t *tracker) Handle(_ context.Context, rec slog.Record) error {
	var version Version
	var seconds float64
	rec.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "version":
			version = Version(a.Value.Int64())
		case "duration_seconds":
			seconds = a.Value.Float64()
		}
		return true
	})
	f, err := t.runner.File(version)
	if err != nil {
		return nil // not about a file
	}
	switch rec.Message {
	case "executing statement":
		if t.file != f {
			t.file, t.statement, t.noted = f, 0, false
		}
		t.statement++
		t.runner.tell(Event{Kind: StatementStarts, File: f, Down: t.down, Statement: t.statement})
	case "migration completed":
		d := time.Duration(seconds * float64(time.Second))
		t.result.Steps = append(t.result.Steps, Step{File: f, Down: t.down, Duration: d})
		t.file = nil
		t.runner.tell(Event{Kind: Done, File: f, Down: t.down, Duration: d})
	}
	return nil
}

// tell reports progress.
func (r *Runner) tell(e Event) {
	if r.options.Progress != nil {
		r.options.Progress(e)
	}
}

// An Error is a migration that failed.
type Error struct {
	File *File
	Down bool
	// Number is that of the statement in the file, counted from 1; 0 when not a statement
	// failed but what came behind them: the check of foreign keys, or the commit.
	Number int
	// Statement is that statement; nil if Number is 0.
	Statement *Statement
	// Earlier is how many files the run had finished before; they stay as they are.
	Earlier int
	// Err is what the database said: a *spillway.Error, or a *[ForeignKeyError].
	Err error
}

// Error names file, line and statement, what the database said and what became of the
// file.
func (e *Error) Error() string {
	where := e.File.Name
	if e.Statement != nil {
		where += fmt.Sprintf(":%d: statement %d of %d", e.Statement.Line, e.Number, len(e.File.statements(e.Down)))
	}
	return fmt.Sprintf("migrate: %s: %v; %s", where, e.Err, e.rest())
}

// rest says what became of the file.
func (e *Error) rest() string {
	var s string
	switch done := e.Number - 1; {
	case !e.File.NoTransaction && e.Down:
		s = "nothing of it was taken back"
	case !e.File.NoTransaction:
		s = "nothing of the file was kept"
	case e.Number == 0:
		s = "the file runs without a transaction: all its statements were carried out"
	case done == 0:
		s = "the file runs without a transaction: the statement may be carried out in part, see what the database holds"
	default:
		s = fmt.Sprintf("the file runs without a transaction, so its first %d statements stay carried out: take them back by hand, or out of the file, before it runs again", done)
	}
	if e.Earlier > 0 {
		s += fmt.Sprintf(" (finished before it: %d)", e.Earlier)
	}
	return s
}

// Unwrap returns what the database said.
func (e *Error) Unwrap() error { return e.Err }

// explain makes the error for the caller of what goose returned.
func (t *tracker) explain(ctx context.Context, err error) error {
	if partial := (*goose.PartialError)(nil); errors.As(err, &partial) {
		f, ferr := t.runner.File(Version(partial.Failed.Source.Version))
		if ferr != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		e := &Error{File: f, Down: t.down, Earlier: len(t.result.Steps), Err: reason(partial.Err)}
		if stmts := f.statements(t.down); t.file == f && !t.noted && t.statement > 0 && t.statement <= len(stmts) {
			e.Number, e.Statement = t.statement, &stmts[t.statement-1]
		}
		return e
	}
	for _, known := range []error{ErrAhead, ErrOutOfOrder, ErrLocked} {
		if errors.Is(err, known) {
			return unwrapTo(err, known)
		}
	}
	if ctx.Err() != nil && !errors.Is(err, context.Cause(ctx)) {
		return fmt.Errorf("migrate: %w: %w", context.Cause(ctx), reason(err))
	}
	return fmt.Errorf("migrate: %w", reason(err))
}

// reason is the database's error in err, without what goose wrote around it.
func reason(err error) error {
	if e := (*ForeignKeyError)(nil); errors.As(err, &e) {
		return e
	}
	if e := (*driver.Error)(nil); errors.As(err, &e) {
		return e
	}
	return err
}

// unwrapTo is the innermost error of err that still matches known and says more than it.
func unwrapTo(err, known error) error {
	if e := (*refusal)(nil); errors.As(err, &e) {
		return e
	}
	return fmt.Errorf("migrate: %w", err)
}

// A refusal is the end of a run that was not begun.
type refusal struct {
	kind error
	text string
}

func (e *refusal) Error() string { return "migrate: " + e.kind.Error() + ": " + e.text }
func (e *refusal) Unwrap() error { return e.kind }

// Refusals of a run.
var (
	// ErrAhead: the database holds revisions for which there is no file.
	ErrAhead = errors.New("the database is ahead of this program")
	// ErrOutOfOrder: a file that is not applied is older than one that is.
	ErrOutOfOrder = errors.New("a migration is out of order")
	// ErrLocked: another process held the lock until the waiting ended.
	ErrLocked = errors.New("another process is migrating the database")
)
