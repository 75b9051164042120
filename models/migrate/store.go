package migrate

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/pressly/goose/v3/database"
)

// store is goose's way to the table of versions.
func (r *Runner) store() (database.Store, error) {
	d := database.DialectPostgres
	if r.dialect == SQLite {
		d = database.DialectSQLite3
	}
	s, err := database.NewStore(d, r.options.Table)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	return s, nil
}

// tableExists reports whether the table of versions is there.
func (r *Runner) tableExists(ctx context.Context, db database.DBTxConn) (ok bool, err error) {
	query := "SELECT to_regclass($1) IS NOT NULL"
	if r.dialect == SQLite {
		query = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE)"
	}
	err = db.QueryRowContext(ctx, query, r.options.Table).Scan(&ok)
	return ok, err
}

// guard is a store that looks, under the lock, whether the run may begin, and inside of
// each transaction whether it may be committed.
type guard struct {
	database.Store
	runner  *Runner
	tracker *tracker
	target  Version
}

// TableExists implements database.StoreExtender.
func (g *guard) TableExists(ctx context.Context, db database.DBTxConn) (bool, error) {
	return g.runner.tableExists(ctx, db)
}

// ListMigrations implements database.Store: goose decides by it what to run.
func (g *guard) ListMigrations(ctx context.Context, db database.DBTxConn) ([]*database.ListMigrationsResult, error) {
	list, err := g.Store.ListMigrations(ctx, db)
	if err != nil {
		return nil, err
	}
	applied := appliedOf(list)
	return list, g.runner.allowed(applied, g.tracker.down, g.target)
}

// appliedOf returns the versions that are applied, newest first. In a table that goose
// made long ago a version may stand several times; the newest row counts.
func appliedOf(list []*database.ListMigrationsResult) (out []Version) {
	seen := map[int64]bool{0: true}
	for _, m := range list {
		if !seen[m.Version] && m.IsApplied {
			out = append(out, Version(m.Version))
		}
		seen[m.Version] = true
	}
	slices.SortFunc(out, func(a, b Version) int { return int(min(max(b-a, -1), 1)) })
	return out
}

// allowed refuses a run that the files do not fit.
func (r *Runner) allowed(applied []Version, down bool, target Version) error {
	var unknown []string
	for i, v := range applied {
		concerns := !down || target == last && i == 0 || target != last && v > target
		if _, err := r.File(v); err != nil && concerns {
			unknown = append(unknown, v.String())
		}
	}
	if len(unknown) > 0 {
		return &refusal{ErrAhead, fmt.Sprintf("it holds %s, for which there is no file here: run the program (or check out the branch) that has it, or, if its file was given up, set the revision with stamp",
			strings.Join(unknown, ", "))}
	}
	if down || r.options.AllowOutOfOrder || len(applied) == 0 {
		return nil
	}
	var late []string
	for _, f := range r.files {
		if f.Version < applied[0] && f.Version <= target && !slices.Contains(applied, f.Version) {
			late = append(late, f.Name)
		}
	}
	if len(late) > 0 {
		return &refusal{ErrOutOfOrder, fmt.Sprintf("%s is older than %s, which is applied: give it a newer number, or allow it (--allow-out-of-order, Options.AllowOutOfOrder)",
			strings.Join(late, ", "), applied[0])}
	}
	return nil
}

// Insert implements database.Store: the last step of a file, in its transaction.
func (g *guard) Insert(ctx context.Context, db database.DBTxConn, req database.InsertRequest) error {
	if err := g.check(ctx, db, req.Version); err != nil {
		return err
	}
	return g.Store.Insert(ctx, db, req)
}

// Delete implements database.Store: the last step of taking a file back.
func (g *guard) Delete(ctx context.Context, db database.DBTxConn, version int64) error {
	if err := g.check(ctx, db, version); err != nil {
		return err
	}
	return g.Store.Delete(ctx, db, version)
}

// check looks for foreign keys that lead nowhere: nothing else does on SQLite while they
// are not enforced.
func (g *guard) check(ctx context.Context, db database.DBTxConn, version int64) error {
	if version == 0 {
		return nil
	}
	if f, err := g.runner.File(Version(version)); err == nil && g.tracker.file != f {
		g.tracker.file, g.tracker.statement = f, 0 // it has no statement
	}
	g.tracker.noted = true
	if g.runner.dialect != SQLite {
		return nil
	}
	rows, err := db.QueryContext(ctx, `SELECT "table", rowid, parent FROM pragma_foreign_key_check LIMIT 5`)
	if err != nil {
		return err
	}
	defer rows.Close()
	e := &ForeignKeyError{}
	for rows.Next() {
		var v Violation
		var row sql.NullInt64
		if err := rows.Scan(&v.Table, &row, &v.Parent); err != nil {
			return err
		}
		v.Row = row.Int64
		e.Violations = append(e.Violations, v)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if len(e.Violations) > 0 {
		return e
	}
	return nil
}

// A ForeignKeyError is a migration of SQLite that would leave foreign keys behind that
// lead nowhere. It was rolled back.
type ForeignKeyError struct {
	// Violations are the first of them, five at most.
	Violations []Violation
}

// A Violation is a row that refers to a missing row. Row is its rowid, 0 in a table that
// has none.
type Violation struct {
	Table  string
	Row    int64
	Parent string
}

// Error names table, row and parent of each.
func (e *ForeignKeyError) Error() string {
	var parts []string
	for _, v := range e.Violations {
		parts = append(parts, fmt.Sprintf("row %d of table %s refers to a missing row of %s", v.Row, v.Table, v.Parent))
	}
	return "foreign keys are violated at the end: " + strings.Join(parts, "; ")
}
