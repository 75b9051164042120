package migrate

import (
	"database/sql"
	"io/fs"
	"time"

	"github.com/spillwaydb/spillway/pool"
)

// A Database is what migrations run on; a *spillway.DB is one.
type Database interface {
	// Maintenance opens a second pool, of one connection, on which a schema is changed:
	// on SQLite it does not enforce foreign keys. Whoever asked for it closes it.
	Maintenance() (*pool.Pool, error)
	// SQL is the database as database/sql shows it.
	SQL() *sql.DB
	// Stats tells which backend it is.
	Stats() pool.Stats
}

// DefaultTable is the table in which a database remembers what was applied.
const DefaultTable = "spillway_migrations"

// Options say how migrations are run; the zero value of each field is its default.
type Options struct {
	// Table is where the database remembers what was applied, in goose's form. Defaults to
	// [DefaultTable]; "goose_db_version" goes on where goose has left off.
	Table string
	// AllowOutOfOrder applies files that are older than what was applied last, as they
	// come with a merged branch. Defaults to false: they are an error.
	AllowOutOfOrder bool
	// LockTimeout bounds the wait for another process that migrates. Defaults to 5 min.
	LockTimeout time.Duration
	// Progress learns what happens while it happens. It is called by the goroutine that
	// called the Runner. Defaults to nil.
	Progress func(Event)
}

// An Event is a step of a run.
type Event struct {
	Kind EventKind
	// File is the migration; nil for Waiting.
	File *File
	// Down: it is being taken back.
	Down bool
	// Statement is the number of the statement, counted from 1, of an event of that kind.
	Statement int
	// Duration is how long the file took, for an event of kind Done.
	Duration time.Duration
}

// An EventKind says what has happened.
type EventKind uint8

const (
	// Waiting: another process migrates; the run waits for it.
	Waiting EventKind = iota
	// StatementStarts: a statement is about to be sent.
	StatementStarts
	// Done: a file was applied, or taken back, for good.
	Done
	// Repeated: the server has ended a file to resolve a deadlock; it begins anew.
	Repeated
)

// A Result is what a run did.
type Result struct {
	// Steps are the files that were applied or taken back, in that order.
	Steps []Step
}

// A Step is one file of a run.
type Step struct {
	File     *File
	Down     bool
	Duration time.Duration
}

// A Runner runs the migrations of one folder on one database. It reads the files once,
// when it is made. It is safe for concurrent use.
type Runner struct {
	db      Database
	options Options
	dialect string
	files   []*File
	fsys    fs.FS // the folder
}

// Files returns the migrations in the order of their versions. They must not be changed.
func (r *Runner) Files() []*File { return r.files }

// Dialect returns "sqlite" or "postgres".
func (r *Runner) Dialect() string { return r.dialect }

// Head returns the version of the newest file, Base if there is none.
func (r *Runner) Head() Version {
	if len(r.files) == 0 {
		return Base
	}
	return r.files[len(r.files)-1].Version
}
