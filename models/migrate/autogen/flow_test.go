package autogen_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/internal/schema"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models/migrate"
	"github.com/spillwaydb/spillway/models/migrate/autogen"
)

// The flow of Reflex' test_automigration: one file for each change, none for no change,
// rows survive, and unlike there a change of type is found.
func TestSeed80CreateMigration(t *testing.T) {
	both(t, func(t *testing.T, p *place) {
		files := func() int {
			names, err := filepath.Glob(p.dir + "/*.sql")
			must(t, err)
			return len(names)
		}
		step := func(ts tables, drop bool, want string) {
			t.Helper()
			o := p.options(ts)
			o.AllowDrop = drop
			before := files()
			r := p.make(o)
			if got := strings.Join(r.Changes, ", "); got != want {
				t.Errorf("%s; want %s", got, want)
			}
			if n := files() - before; n != 1 && want != "" || n != 0 && want == "" {
				t.Errorf("%s: %d files", want, n)
			}
			p.same(ts, want)
		}
		first := func(cs ...*schema.Column) *schema.Table {
			return &schema.Table{Name: "one", Key: []string{"id"}, Columns: append([]*schema.Column{id()}, cs...)}
		}
		step(tables{first(col("t1", schema.Text))}, false, "create table one")
		must(t, p.run("INSERT INTO one (t1) VALUES ('foo')"))

		withT2 := tables{first(null(def(col("t1", schema.Text), "empty")), def(col("t2", schema.Text), "bar"))}
		step(withT2, false, "add column one.t2, change column one.t1: nullable, default 'empty'")
		must(t, p.run("INSERT INTO one (t2) VALUES ('baz')"))
		if got := strings.Join(p.rows("SELECT t1, t2 FROM one ORDER BY id"), ","); got != "foo|bar,empty|baz" {
			t.Errorf("rows %s", got)
		}

		noT1 := tables{first(def(col("t2", schema.Text), "bar"))}
		step(noT1, true, "drop column one.t1")
		two := &schema.Table{Name: "two", Key: []string{"id"}, Columns: []*schema.Column{id(), def(col("a", schema.Int64), "42"), def(col("b", schema.Float64), "4.2")}}
		step(append(noT1, two), false, "create table two")
		step(append(noT1, two), false, "")
		must(t, p.run("INSERT INTO two (id) VALUES (100)"))
		if got := strings.Join(p.rows("SELECT a, b FROM two"), ","); got != "42|4.2" {
			t.Errorf("rows %s", got)
		}
		step(noT1, true, "drop table two")
		if got := strings.Join(p.rows("SELECT t2 FROM one ORDER BY id"), ","); got != "bar,baz" {
			t.Errorf("rows %s", got)
		}
		typed := tables{first(col("t2", schema.JSON))}
		if r, err := autogen.Plan(t.Context(), p.options(typed)); err != nil || len(r.Changes) != 1 || !strings.Contains(r.Changes[0], "change column one.t2: type") {
			t.Errorf("%+v, %v: a change of type is not found", r, err)
		}
		step(tables{}, true, "drop table one")
	})
}

// Seed 77: init makes the folder and a first migration with the whole schema, also where
// the database has the tables already: then it says so, and the version is to be stamped.
func TestSeed77Init(t *testing.T) {
	both(t, func(t *testing.T, p *place) {
		r, err := autogen.Init(t.Context(), p.options(rich()))
		must(t, err)
		if r.Present || len(r.Files) != 1 || !r.Files[0].Verified || len(r.Changes) != len(rich()) {
			t.Errorf("%+v", r)
		}
		for _, name := range []string{"embed.go", "models.json", filepath.Base(r.Files[0].Path)} {
			if _, err := os.Stat(filepath.Join(p.dir, name)); err != nil {
				t.Error(err)
			}
		}
		if _, err := autogen.Init(t.Context(), p.options(rich())); !errors.Is(err, autogen.ErrInitialized) {
			t.Errorf("again: %v", err)
		}
		p.up(r)
		p.same(rich(), "migrated")

		must(t, os.RemoveAll(p.dir)) // a database that is there, and no migrations
		if r, err = autogen.Init(t.Context(), p.options(rich())); err != nil || !r.Present || len(r.Changes) != len(rich()) {
			t.Errorf("%+v, %v", r, err)
		}
		must(t, os.RemoveAll(p.dir))
		must(t, p.run("DROP TABLE notes"))
		if r, err = autogen.Init(t.Context(), p.options(rich())); err != nil || r.Present {
			t.Errorf("%+v, %v: a table is missing", r, err)
		}
	})
}

// Check tells database and files apart.
func TestCheck(t *testing.T) {
	both(t, func(t *testing.T, p *place) {
		check := func(ts tables) (database, files string) {
			t.Helper()
			d, err := autogen.Check(t.Context(), p.options(ts))
			must(t, err)
			if d.Empty() != (len(d.Database)+len(d.Files) == 0) {
				t.Error("Empty")
			}
			return strings.Join(d.Database, ","), strings.Join(d.Files, ",")
		}
		r, err := autogen.Create(t.Context(), p.options(start()))
		must(t, err)
		if d, f := check(start()); !strings.Contains(d, "create table users") || f != "" {
			t.Errorf("written, not applied: %q, %q", d, f)
		}
		p.up(r)
		if d, f := check(start()); d != "" || f != "" {
			t.Errorf("applied: %q, %q", d, f)
		}
		to := start()
		to.add("tags", null(col("x", schema.Text)))
		if d, f := check(to); d != "add column tags.x" || f != d {
			t.Errorf("changed: %q, %q", d, f)
		}
		must(t, p.run("ALTER TABLE tags ADD COLUMN x text"))
		if d, f := check(to); d != "" || f != "add column tags.x" {
			t.Errorf("changed by hand: %q, %q", d, f)
		}
	})
}

// One program, developed on SQLite and run on Postgres: both scripts are written at once,
// under one version, and the one that was planned without its database works there.
func TestTwoDatabases(t *testing.T) {
	lite, pg := newPlace(t, testdb.SQLite(t)), newPlace(t, testdb.Postgres(t))
	pg.dir = lite.dir
	step := func(ts tables, o autogen.Options) {
		t.Helper()
		o.Models, o.DB, o.Dir = ts, lite, lite.dir
		r := lite.make(o)
		if len(r.Files) != 2 || r.Files[0].Dialect != "sqlite" || r.Files[1].Dialect != "postgres" || filepath.Base(r.Files[0].Path) != filepath.Base(r.Files[1].Path) {
			t.Fatalf("%+v", r)
		}
		if !r.Files[0].Verified || r.Files[1].Verified || !strings.Contains(r.Files[1].Text, "-- Note: not tried out") {
			t.Errorf("%+v", r.Files)
		}
		pg.up(r)
		lite.same(ts, "sqlite")
		pg.same(ts, "postgres")
	}
	step(rich(), autogen.Options{Dialects: []string{"sqlite", "postgres"}})
	step(append(rich(), start().get("tags")), autogen.Options{})
	to := tables(append(rich(), start().get("tags")))
	to.get("tags").Name = "labels"
	to.col("labels.label").Name = "text"
	to.col("users.mid").Type.Kind, to.col("users.mid").Default = schema.Text, lit(schema.Text, "x")
	to.get("users").Checks = nil
	step(to, autogen.Options{Rename: []string{"tags=labels", "labels.label=text"}})
	for i := 3; i > 0; i-- {
		lite.down()
		pg.down()
	}
	for _, d := range []string{"sqlite", "postgres"} {
		if files, err := migrate.Read(os.DirFS(lite.dir), d); err != nil || len(files) != 3 || files[2].Version <= files[1].Version {
			t.Errorf("%s: %v, %v", d, files, err)
		}
	}
	must(t, os.Remove(filepath.Join(lite.dir, "models.json")))
	if _, err := autogen.Plan(t.Context(), autogen.Options{Models: rich(), DB: lite, Dir: lite.dir}); err == nil || !strings.Contains(err.Error(), "models.json is missing") {
		t.Error(err)
	}
}

// A folder of one database is not silently taken for the other's.
func TestTheOtherDatabase(t *testing.T) {
	p := newPlace(t, testdb.SQLite(t))
	p.make(p.options(start()))
	if _, err := autogen.Create(t.Context(), autogen.Options{Models: start(), Dir: p.dir, Dialects: []string{"postgres"}}); err == nil || !strings.Contains(err.Error(), "written for sqlite alone") {
		t.Error(err)
	}
}

// Whoever may not create a schema gets a plan all the same, unproved.
func TestWithoutTheRightToCreateASchema(t *testing.T) {
	url := testdb.Postgres(t)
	p := newPlace(t, url)
	role := "autogen_" + strings.ToLower(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, url))
	must(t, p.run("CREATE ROLE "+role, "GRANT "+role+" TO CURRENT_USER", "GRANT USAGE, CREATE ON SCHEMA public TO "+role))
	t.Cleanup(func() { _ = p.run("RESET ROLE", "DROP OWNED BY "+role, "DROP ROLE "+role) })
	must(t, p.run("SET ROLE "+role))
	p.create(rich())
	low := newPlace(t, url+"&options=-c%20role%3D"+role)
	low.same(rich(), "created")
	to := tables(rich())
	to.add("users", null(col("x", schema.Text)))
	r, err := autogen.Create(t.Context(), low.options(to))
	must(t, err)
	if got := strings.Join(r.Changes, ","); got != "add column users.x" || r.Files[0].Verified || !strings.Contains(r.Files[0].Text, "not tried out") {
		t.Errorf("%s, %+v", got, r.Files)
	}
}
