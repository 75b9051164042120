//go:build !js

package migrate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models/migrate"
)

// script makes a file of one up and one down part.
func script(up, down string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("-- +goose Up\n" + up + "\n-- +goose Down\n" + down + "\n")}
}

func three() fstest.MapFS {
	return fstest.MapFS{
		"1_a.sql": script("CREATE TABLE a (id integer PRIMARY KEY);", "DROP TABLE a;"),
		"2_b.sql": script("CREATE TABLE b (id integer PRIMARY KEY, a_id integer REFERENCES a (id) ON DELETE CASCADE);\nINSERT INTO a (id) VALUES (1);\nINSERT INTO b (id, a_id) VALUES (1, 1);", "DROP TABLE b;\nDELETE FROM a;"),
		"3_c.sql": script("CREATE TABLE c (id integer PRIMARY KEY);", "DROP TABLE c;"),
	}
}

func open(t *testing.T, url string) *spillway.DB {
	t.Helper()
	db, err := spillway.Open(t.Context(), spillway.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func runner(t *testing.T, db migrate.Database, files fs.FS, o migrate.Options) *migrate.Runner {
	t.Helper()
	r, err := migrate.New(db, files, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// steps is what a run did, as "+1 +2" or "-2".
func steps(res *migrate.Result) string {
	var out []string
	for _, s := range res.Steps {
		sign := "+"
		if s.Down {
			sign = "-"
		}
		out = append(out, sign+s.File.Version.String())
	}
	return strings.Join(out, " ")
}

func must(t *testing.T, want string) func(res *migrate.Result, err error) {
	t.Helper()
	return func(res *migrate.Result, err error) {
		t.Helper()
		if err != nil || steps(res) != want {
			t.Fatalf("did %q, %v; want %q", steps(res), err, want)
		}
	}
}

// tables lists which of the tables a, b, c, d there are.
func tables(t *testing.T, db *spillway.DB) (out string) {
	t.Helper()
	query := "SELECT name FROM sqlite_master WHERE name IN ('a', 'b', 'c', 'd') ORDER BY name"
	if db.Stats().Backend == "postgres" {
		query = "SELECT relname FROM pg_class WHERE relname IN ('a', 'b', 'c', 'd') ORDER BY relname"
	}
	rows, err := db.SQL().QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out += s
	}
	return out
}

func both(t *testing.T, f func(t *testing.T, db *spillway.DB)) {
	t.Helper()
	testdb.Both(t, func(t *testing.T, url string) { f(t, open(t, url)) })
	t.Run("memory", func(t *testing.T) { f(t, open(t, "sqlite::memory:")) })
}

// Seed rows 79, 81 and 82: migrate, roll back (to a revision or the last), ask for the
// status.
func TestSeed79And81And82(t *testing.T) {
	both(t, func(t *testing.T, db *spillway.DB) {
		var events []string
		r := runner(t, db, three(), migrate.Options{Progress: func(e migrate.Event) {
			if e.Kind == migrate.StatementStarts {
				events = append(events, fmt.Sprintf("%s/%d", e.File.Name, e.Statement))
			}
		}})
		s, err := r.Status(t.Context())
		if err != nil || s.Current != migrate.Base || s.Head != 3 || len(s.Pending()) != 3 {
			t.Fatalf("before: %+v, %v", s, err)
		}
		must(t, "+1 +2")(r.UpTo(t.Context(), 2))
		if got := strings.Join(events, " "); got != "1_a.sql/1 2_b.sql/1 2_b.sql/2 2_b.sql/3" {
			t.Errorf("events %s", got)
		}
		pending, err := r.Pending(t.Context())
		if err != nil || len(pending) != 1 || pending[0].Version != 3 {
			t.Errorf("pending %v, %v", pending, err)
		}
		must(t, "+3")(r.Up(t.Context()))
		must(t, "")(r.Up(t.Context()))
		s, err = r.Status(t.Context())
		if err != nil || s.Current != 3 || len(s.Pending()) != 0 || !s.Revisions[0].Applied || s.Revisions[0].At == nil || time.Since(*s.Revisions[0].At).Abs() > 25*time.Hour {
			t.Errorf("after: %+v, %v", s, err)
		}
		must(t, "-3")(r.Down(t.Context()))
		must(t, "-2")(r.DownTo(t.Context(), 1))
		if got := tables(t, db); got != "a" {
			t.Errorf("tables %s", got)
		}
		must(t, "+2 +3")(r.Up(t.Context()))
		must(t, "-3 -2 -1")(r.DownTo(t.Context(), migrate.Base))
		must(t, "")(r.Down(t.Context()))
		if got := tables(t, db); got != "" {
			t.Errorf("tables %s", got)
		}
		if _, err := r.UpTo(t.Context(), 9); err == nil || !strings.Contains(err.Error(), "9") {
			t.Errorf("a revision that is not there: %v", err)
		}
	})
}

func TestAFailureInTheThirdStatementLeavesNothing(t *testing.T) {
	both(t, func(t *testing.T, db *spillway.DB) {
		files := three()
		files["3_c.sql"] = script("CREATE TABLE c (id integer PRIMARY KEY);\n\n-- a remark\nINSERT INTO c (id) VALUES (1);\nINSERT INTO c (id)\n  VALUES (1);\nCREATE TABLE d (id integer);", "DROP TABLE c;")
		r := runner(t, db, files, migrate.Options{})
		res, err := r.Up(t.Context())
		var e *migrate.Error
		if !errors.As(err, &e) || e.Number != 3 || e.Statement.Line != 6 || e.File.Version != 3 || e.Earlier != 2 || !errors.Is(err, spillway.ErrUnique) {
			t.Fatalf("error %v", err)
		}
		for _, part := range []string{"3_c.sql:6: statement 3 of 4", "unique", "nothing of the file was kept", "finished before it: 2"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q lacks %q", err, part)
			}
		}
		if steps(res) != "+1 +2" || tables(t, db) != "ab" {
			t.Errorf("did %q, tables %s", steps(res), tables(t, db))
		}
		files["3_c.sql"] = three()["3_c.sql"]
		must(t, "+3")(runner(t, db, files, migrate.Options{}).Up(t.Context()))
	})
}

func TestWithoutATransaction(t *testing.T) {
	both(t, func(t *testing.T, db *spillway.DB) {
		files := three()
		files["3_c.sql"] = &fstest.MapFile{Data: []byte("-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE c (id integer PRIMARY KEY);\nCREATE TABLE a (id integer);\n-- +goose Down\nDROP TABLE c;\n")}
		r := runner(t, db, files, migrate.Options{})
		_, err := r.Up(t.Context())
		if err == nil || !strings.Contains(err.Error(), "its first 1 statements stay") || !strings.Contains(err.Error(), "3_c.sql:4") {
			t.Errorf("error %v", err)
		}
		if got := tables(t, db); got != "abc" {
			t.Errorf("tables %s", got)
		}
	})
}

// A rebuild of a table with rows that refer to it: the reason why migrations have a
// connection of their own on SQLite.
func TestARebuildKeepsTheRowsThatReferToIt(t *testing.T) {
	for _, url := range []string{testdb.SQLite(t), "sqlite::memory:"} {
		db := open(t, url)
		files := three()
		files["4_d.sql"] = script("CREATE TABLE new_a (id integer PRIMARY KEY, n integer);\nINSERT INTO new_a (id) SELECT id FROM a;\nDROP TABLE a;\nALTER TABLE new_a RENAME TO a;", "SELECT 1;")
		must(t, "+1 +2 +3 +4")(runner(t, db, files, migrate.Options{}).Up(t.Context()))
		var n int
		if err := db.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM b").Scan(&n); err != nil || n != 1 {
			t.Errorf("%d rows refer to the table, %v; want 1", n, err)
		}
		// Elsewhere foreign keys are enforced as before.
		if _, err := db.SQL().ExecContext(t.Context(), "INSERT INTO b (id, a_id) VALUES (2, 77)"); !errors.Is(err, spillway.ErrForeignKey) {
			t.Errorf("error %v", err)
		}
		// And what leads nowhere is found before the commit.
		files["5_e.sql"] = script("DELETE FROM a;", "SELECT 1;")
		_, err := runner(t, db, files, migrate.Options{}).Up(t.Context())
		var fk *migrate.ForeignKeyError
		if !errors.As(err, &fk) || fk.Violations[0] != (migrate.Violation{Table: "b", Row: 1, Parent: "a"}) || !strings.Contains(err.Error(), "row 1 of table b refers to a missing row of a") {
			t.Errorf("error %v", err)
		}
		if err := db.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM a").Scan(&n); err != nil || n != 1 {
			t.Errorf("%d rows are left, %v", n, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	both(t, func(t *testing.T, db *spillway.DB) {
		if _, err := runner(t, db, fstest.MapFS{}, migrate.Options{}).Up(t.Context()); !errors.Is(err, migrate.ErrNoFiles) {
			t.Errorf("without files: %v", err)
		}
		for _, table := range []string{"a b", "x;y", `"q"`} {
			if _, err := migrate.New(db, three(), migrate.Options{Table: table}); err == nil {
				t.Errorf("the table %q was taken", table)
			}
		}
		must(t, "+1 +2 +3")(runner(t, db, three(), migrate.Options{}).Up(t.Context()))

		gone := three()
		delete(gone, "3_c.sql")
		r := runner(t, db, gone, migrate.Options{})
		for what, err := range map[string]error{
			"up":      second(r.Up(t.Context())),
			"down":    second(r.Down(t.Context())),
			"down to": second(r.DownTo(t.Context(), 1)),
		} {
			if !errors.Is(err, migrate.ErrAhead) || !strings.Contains(err.Error(), "it holds 3") {
				t.Errorf("%s of a database that is ahead: %v", what, err)
			}
		}
		s, err := r.Status(t.Context())
		if err != nil || len(s.Unknown) != 1 || s.Unknown[0] != 3 || s.Current != 3 || s.Head != 2 {
			t.Errorf("status %+v, %v", s, err)
		}

		late := fstest.MapFS{"1_a.sql": three()["1_a.sql"], "3_c.sql": three()["3_c.sql"], "2_b.sql": three()["2_b.sql"]}
		must(t, "-3 -2")(runner(t, db, three(), migrate.Options{}).DownTo(t.Context(), 1))
		delete(late, "2_b.sql")
		must(t, "+3")(runner(t, db, late, migrate.Options{}).Up(t.Context()))
		_, err = runner(t, db, three(), migrate.Options{}).Up(t.Context())
		if !errors.Is(err, migrate.ErrOutOfOrder) || !strings.Contains(err.Error(), "2_b.sql is older than 3") {
			t.Errorf("out of order: %v", err)
		}
		must(t, "+2")(runner(t, db, three(), migrate.Options{AllowOutOfOrder: true}).Up(t.Context()))
	})
}

func second[T any](_ T, err error) error { return err }

func TestStamp(t *testing.T) {
	both(t, func(t *testing.T, db *spillway.DB) {
		r := runner(t, db, three(), migrate.Options{})
		if err := r.Stamp(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		must(t, "+3")(r.Up(t.Context()))
		if got := tables(t, db); got != "c" {
			t.Errorf("tables %s", got)
		}
		if err := r.Stamp(t.Context(), migrate.Base); err != nil {
			t.Fatal(err)
		}
		if s, err := r.Status(t.Context()); err != nil || s.Current != migrate.Base || len(s.Pending()) != 3 {
			t.Errorf("status %+v, %v", s, err)
		}
		if err := r.Stamp(t.Context(), 9); err == nil {
			t.Error("a revision without a file was taken")
		}
	})
}

// A file stays as goose runs it, and its table of versions can go on being used.
func TestOtherTable(t *testing.T) {
	both(t, func(t *testing.T, db *spillway.DB) {
		must(t, "+1 +2 +3")(runner(t, db, three(), migrate.Options{Table: "goose_db_version"}).Up(t.Context()))
		var n int
		if err := db.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM goose_db_version WHERE version_id > 0").Scan(&n); err != nil || n != 3 {
			t.Errorf("%d versions, %v", n, err)
		}
	})
}

func TestScript(t *testing.T) {
	both(t, func(t *testing.T, db *spillway.DB) {
		r := runner(t, db, three(), migrate.Options{})
		text, err := r.Script(t.Context(), migrate.ScriptOptions{})
		if err != nil {
			t.Fatal(err)
		}
		// Run by hand it does what Up does.
		for _, part := range strings.Split(strings.TrimSpace(text), "\n\n") {
			if _, err := db.SQL().ExecContext(t.Context(), part); err != nil {
				t.Fatalf("%s: %v", part, err)
			}
		}
		must(t, "")(r.Up(t.Context()))
		if got := tables(t, db); got != "abc" {
			t.Errorf("tables %s", got)
		}
		to := migrate.Version(1)
		text, err = r.Script(t.Context(), migrate.ScriptOptions{Down: true, To: &to})
		if err != nil || strings.Index(text, "DROP TABLE c;") > strings.Index(text, "DROP TABLE b;") || strings.Contains(text, "DROP TABLE a;") {
			t.Errorf("%s, %v", text, err)
		}
		if text, err = r.Script(t.Context(), migrate.ScriptOptions{}); err != nil || text != "-- nothing to do\n" {
			t.Errorf("%q, %v", text, err)
		}
	})
}

func TestMainCommand(t *testing.T) {
	both(t, func(t *testing.T, db *spillway.DB) {
		call := func(args ...string) (string, error) {
			var out bytes.Buffer
			err := migrate.Main(t.Context(), db, three(), args, &out)
			return out.String(), err
		}
		for _, c := range []struct{ args, want string }{
			{"migrate 2", "the database is at 2"},
			{"migrate", "applied 3_c.sql"},
			{"status", "applied  1_a.sql"},
			{"rollback", "taken back 3_c.sql"},
			{"status", "pending  3_c.sql"},
			{"rollback base", "the database is at base"},
			{"stamp head", "the database is at 3"},
		} {
			if got, err := call(strings.Fields(c.args)...); err != nil || !strings.Contains(got, c.want) {
				t.Errorf("%s: %q, %v; want %q", c.args, got, err, c.want)
			}
		}
		for _, args := range []string{"", "nope", "status 1", "migrate 1 2"} {
			if _, err := call(strings.Fields(args)...); !errors.Is(err, migrate.ErrUsage) {
				t.Errorf("%q: %v", args, err)
			}
		}
	})
}

// While somebody else migrates, a run waits; it obeys its context and its limit.
func TestLock(t *testing.T) {
	both(t, func(t *testing.T, db *spillway.DB) {
		inside, goOn := make(chan struct{}), make(chan struct{})
		first := runner(t, db, three(), migrate.Options{Progress: func(e migrate.Event) {
			if e.Kind == migrate.StatementStarts && e.File.Version == 1 {
				close(inside)
				<-goOn
			}
		}})
		ended := make(chan error, 1)
		go func() { ended <- second(first.Up(t.Context())) }()
		<-inside
		waits := make(chan struct{}, 1)
		note := func(e migrate.Event) {
			if e.Kind == migrate.Waiting {
				waits <- struct{}{}
			}
		}
		_, err := runner(t, db, three(), migrate.Options{LockTimeout: 250 * time.Millisecond, Progress: note}).Up(t.Context())
		if !errors.Is(err, migrate.ErrLocked) || !strings.Contains(err.Error(), "250ms") {
			t.Errorf("after the limit: %v", err)
		}
		<-waits
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-waits; cancel() }()
		if _, err = runner(t, db, three(), migrate.Options{Progress: note}).Up(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("after its context: %v", err)
		}
		close(goOn)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		must(t, "")(runner(t, db, three(), migrate.Options{}).Up(t.Context()))
	})
}
