package migrate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"regexp"
	"slices"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/sqlview"
)

// defaultLockTimeout is the default of Options.LockTimeout.
const defaultLockTimeout = 5 * time.Minute

// tableName is what a table for the versions may be called, maybe with its schema.
var tableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$`)

// New makes a Runner for the migrations in files: see the package comment for the form of
// the folder. It reads them and connects to nothing. A folder that is missing or empty is
// no error here.
func New(db Database, files fs.FS, o Options) (*Runner, error) {
	if o.Table == "" {
		o.Table = DefaultTable
	}
	if !tableName.MatchString(o.Table) {
		return nil, fmt.Errorf("migrate: Options.Table is %q: want a plain name, maybe with its schema", o.Table)
	}
	if o.LockTimeout <= 0 {
		o.LockTimeout = defaultLockTimeout
	}
	r := &Runner{db: db, options: o, dialect: db.Stats().Backend}
	if files == nil {
		return r, nil
	}
	var err error
	if r.files, err = Read(files, r.dialect); err != nil {
		return nil, err
	}
	if r.fsys, err = fs.Sub(files, Folder(files, r.dialect)); err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	return r, nil
}

// Up applies everything that is pending, oldest first, and returns what it did. When a
// file fails the result holds those before it, which stay applied, and the error is an
// *[Error]. Other refusals are [ErrNoFiles], [ErrAhead], [ErrOutOfOrder] and [ErrLocked].
func (r *Runner) Up(ctx context.Context) (*Result, error) {
	return r.run(ctx, false, math.MaxInt64, func(p *goose.Provider) error {
		_, err := p.Up(ctx)
		return err
	})
}

// UpTo is [Runner.Up] up to a version and no further.
func (r *Runner) UpTo(ctx context.Context, v Version) (*Result, error) {
	if _, err := r.File(v); err != nil {
		return nil, err
	}
	return r.run(ctx, false, v, func(p *goose.Provider) error {
		_, err := p.UpTo(ctx, int64(v))
		return err
	})
}

// Down takes back the newest file that is applied. With none applied it does nothing.
func (r *Runner) Down(ctx context.Context) (*Result, error) {
	return r.run(ctx, true, last, func(p *goose.Provider) error {
		_, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return nil
		}
		return err
	})
}

// DownTo takes back all files that are newer than v, newest first; [Base] is all of them.
func (r *Runner) DownTo(ctx context.Context, v Version) (*Result, error) {
	if v != Base {
		if _, err := r.File(v); err != nil {
			return nil, err
		}
	}
	return r.run(ctx, true, v, func(p *goose.Provider) error {
		_, err := p.DownTo(ctx, int64(v))
		return err
	})
}

// last as a target: only the newest.
const last Version = -1

// File returns the migration of a version.
func (r *Runner) File(v Version) (*File, error) {
	i := slices.IndexFunc(r.files, func(f *File) bool { return f.Version == v })
	if i < 0 {
		return nil, fmt.Errorf("migrate: there is no file for the revision %s: see what there is with status", v)
	}
	return r.files[i], nil
}

// run does work under the lock, on a connection of its own.
func (r *Runner) run(ctx context.Context, down bool, target Version, work func(p *goose.Provider) error) (*Result, error) {
	res := &Result{}
	if len(r.files) == 0 {
		return res, fmt.Errorf("migrate: %w: write the first one with spillway init", ErrNoFiles)
	}
	p, err := r.db.Maintenance()
	if err != nil {
		return res, fmt.Errorf("migrate: %w", err)
	}
	view := sqlview.New(p, "migrations")
	defer func() {
		_ = view.Close()
		ctx, cancel := context.WithTimeout(context.Background(), p.DrainTimeout())
		defer cancel()
		_ = p.Close(ctx) // nothing runs on it any more
	}()
	st, err := r.store()
	if err != nil {
		return res, err
	}
	t := &tracker{runner: r, down: down, result: res}
	provider, err := goose.NewProvider(goose.DialectCustom, view.DB(), r.fsys,
		goose.WithStore(&guard{Store: st, runner: r, tracker: t, target: target}),
		goose.WithSessionLocker(&locker{runner: r, pool: p}),
		goose.WithVerbose(true), goose.WithSlog(slog.New(t)), // by its log the statement is known
		goose.WithDisableGlobalRegistry(true),
		goose.WithAllowOutofOrder(r.options.AllowOutOfOrder),
	)
	if err != nil {
		return res, fmt.Errorf("migrate: %w", err)
	}
	for n := 1; ; n++ {
		err := work(provider)
		if err == nil {
			return res, nil
		}
		if err = t.explain(ctx, err); n == attempts || !t.again(err) {
			return res, err
		}
	}
}

// attempts is how often a run is begun that the server ends to resolve deadlocks. The other
// side of each goes on meanwhile, so a second deadlock is one with somebody else.
const attempts = 5

// again reports whether a run that failed goes on with the file that failed: the server has
// picked it as the victim of a deadlock, and so nothing of the file has happened. Which one
// of a circle is the victim is chance: the one that looks for deadlocks first after the
// circle has closed.
func (t *tracker) again(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.File.NoTransaction || !errors.Is(err, driver.ErrDeadlock) {
		return false
	}
	t.file = nil
	t.runner.tell(Event{Kind: Repeated, File: e.File, Down: e.Down})
	return true
}
