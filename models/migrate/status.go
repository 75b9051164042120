package migrate

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/pressly/goose/v3/database"

	"github.com/spillwaydb/spillway/internal/sqlview"
)

// A Status tells where a database stands.
type Status struct {
	// Dialect is "sqlite" or "postgres".
	Dialect string `json:"dialect"`
	// Current is the newest revision that is applied, Head the newest file.
	Current Version `json:"current"`
	Head    Version `json:"head"`
	// Revisions are the files, oldest first, with whether each is applied.
	Revisions []Revision `json:"revisions"`
	// Unknown are revisions that are applied and have no file, oldest first.
	Unknown []Version `json:"unknown"`
}

// A Revision is a file and what became of it.
type Revision struct {
	Version Version `json:"version"`
	Name    string  `json:"name"`
	Message string  `json:"message"`
	Applied bool    `json:"applied"`
	// At is when it was applied, by the clock of the database; nil if it is not.
	At *time.Time `json:"at,omitempty"`
}

// Pending returns the revisions that are not applied, oldest first.
func (s *Status) Pending() (out []Revision) {
	for _, r := range s.Revisions {
		if !r.Applied {
			out = append(out, r)
		}
	}
	return out
}

// Status tells where the database stands. It only reads: a database that was never
// migrated has no table of versions afterwards either.
func (r *Runner) Status(ctx context.Context) (*Status, error) {
	at, err := r.applied(ctx, r.db.SQL())
	if err != nil {
		return nil, fmt.Errorf("migrate: read %s: %w", r.options.Table, reason(err))
	}
	s := &Status{Dialect: r.dialect, Head: r.Head(), Revisions: []Revision{}, Unknown: []Version{}}
	for _, f := range r.files {
		t, ok := at[f.Version]
		rev := Revision{Version: f.Version, Name: f.Name, Message: f.Message, Applied: ok}
		if ok && !t.IsZero() {
			rev.At = &t
		}
		s.Revisions = append(s.Revisions, rev)
	}
	for v := range at {
		s.Current = max(s.Current, v)
		if _, err := r.File(v); err != nil {
			s.Unknown = append(s.Unknown, v)
		}
	}
	slices.Sort(s.Unknown)
	return s, nil
}

// Pending returns the files that are not applied, oldest first. It only reads.
func (r *Runner) Pending(ctx context.Context) (out []*File, err error) {
	s, err := r.Status(ctx)
	if err != nil {
		return nil, err
	}
	for i, rev := range s.Revisions {
		if !rev.Applied {
			out = append(out, r.files[i])
		}
	}
	return out, nil
}

// applied returns when each version was applied.
func (r *Runner) applied(ctx context.Context, db *sql.DB) (map[Version]time.Time, error) {
	if exists, err := r.tableExists(ctx, db); err != nil || !exists {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, "SELECT version_id, is_applied, tstamp FROM "+r.options.Table+" ORDER BY id DESC")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	at, seen := map[Version]time.Time{}, map[Version]bool{Base: true}
	for rows.Next() {
		var v Version
		var on bool
		var t sql.NullTime
		if err := rows.Scan(&v, &on, &t); err != nil {
			return nil, err
		}
		if !seen[v] && on {
			at[v] = t.Time
		}
		seen[v] = true
	}
	return at, rows.Err()
}

// Stamp makes the database believe that it stands at v, and changes nothing else: all
// files up to v count as applied, all others as not, and revisions without a file are
// forgotten. It is for a database that has the tables already.
func (r *Runner) Stamp(ctx context.Context, v Version) error {
	if v != Base {
		if _, err := r.File(v); err != nil {
			return err
		}
	}
	p, err := r.db.Maintenance()
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	view := sqlview.New(p, "migrations")
	defer func() {
		_ = view.Close()
		ctx, cancel := context.WithTimeout(context.Background(), p.DrainTimeout())
		defer cancel()
		_ = p.Close(ctx) // nothing runs on it any more
	}()
	if err := r.stamp(ctx, view.DB(), &locker{runner: r, pool: p}, v); err != nil {
		return (&tracker{runner: r, result: &Result{}}).explain(ctx, err)
	}
	return nil
}

func (r *Runner) stamp(ctx context.Context, db *sql.DB, l *locker, v Version) (err error) {
	st, err := r.store()
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := l.SessionLock(ctx, conn); err != nil {
		return err
	}
	defer func() {
		if e := l.SessionUnlock(context.WithoutCancel(ctx), conn); err == nil {
			err = e
		}
	}()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing is left to take back after the commit
	exists, err := r.tableExists(ctx, tx)
	if err != nil {
		return err
	}
	if !exists {
		if err := st.CreateVersionTable(ctx, tx); err != nil {
			return err
		}
		if err := st.Insert(ctx, tx, database.InsertRequest{Version: 0}); err != nil {
			return err
		}
	}
	list, err := st.ListMigrations(ctx, tx)
	if err != nil {
		return err
	}
	applied := appliedOf(list)
	for _, have := range applied {
		if _, err := r.File(have); err != nil || have > v {
			if err := st.Delete(ctx, tx, int64(have)); err != nil {
				return err
			}
		}
	}
	for _, f := range r.files {
		if f.Version <= v && !slices.Contains(applied, f.Version) {
			if err := st.Insert(ctx, tx, database.InsertRequest{Version: int64(f.Version)}); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}
