package autogen_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
	"github.com/spillwaydb/spillway/internal/schema"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models/migrate/autogen"
)

// Writing a table anew keeps what stands around it.
func TestRebuildKeepsTriggersViewsAndKeysGivenOut(t *testing.T) {
	p := newPlace(t, testdb.SQLite(t))
	p.make(p.options(start()))
	must(t, p.run(append(seeds,
		"CREATE TABLE log (what text)",
		"CREATE TRIGGER on_post AFTER INSERT ON posts BEGIN INSERT INTO log VALUES (new.title); END",
		"CREATE TRIGGER on_log AFTER DELETE ON log BEGIN UPDATE posts SET n = n + 1; END",
		"CREATE VIEW titles AS SELECT title FROM posts",
		"DELETE FROM posts WHERE id = 3",
	)...))
	to := start()
	to.col("posts.n").Type.Kind = schema.Text
	p.make(p.options(to))
	for i, want := range []string{"2", "2"} { // up, then down
		if got := p.rows("SELECT count(*) FROM titles"); got[0] != want {
			t.Errorf("%d: the view sees %s rows", i, got[0])
		}
		must(t, p.run("DELETE FROM log", "INSERT INTO posts (user_id, title) VALUES (1, 'new')", "INSERT INTO log VALUES ('x')", "DELETE FROM log WHERE what = 'x'"))
		if got := p.rows("SELECT max(id) FROM posts"); got[0] != "4" && i == 0 || got[0] != "5" && i == 1 {
			t.Errorf("%d: the key %s was given out again", i, got[0])
		}
		if got := p.rows("SELECT group_concat(what) FROM log"); got[0] != "new" {
			t.Errorf("%d: the trigger wrote %s", i, got[0])
		}
		must(t, p.run("DELETE FROM posts WHERE title = 'new'"))
		if i == 0 {
			p.down()
		}
	}
	gone := start()
	gone.dropCol("posts.title")
	o := p.options(gone)
	o.AllowDrop = true
	if _, err := autogen.Create(t.Context(), o); !errors.Is(err, autogen.ErrRefused) || !strings.Contains(err.Error(), "trigger on_post uses column posts.title") {
		t.Errorf("%v", err)
	}
}

// What the models can not say is not lost in silence.
func TestRebuildRefusesToLoseWhatModelsCanNotSay(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{`CREATE TABLE tags (code TEXT NOT NULL PRIMARY KEY, label TEXT COLLATE NOCASE)`, "COLLATE nocase of label"},
		{`CREATE TABLE tags (code TEXT NOT NULL PRIMARY KEY, label TEXT) STRICT`, "STRICT"},
		{`CREATE TABLE tags (code TEXT NOT NULL PRIMARY KEY, label TEXT) WITHOUT ROWID`, "WITHOUT ROWID"},
		{`CREATE TABLE tags (code TEXT NOT NULL PRIMARY KEY ON CONFLICT REPLACE, label TEXT)`, "ON CONFLICT REPLACE"},
	} {
		p := newPlace(t, testdb.SQLite(t))
		must(t, p.run(c.sql))
		tags := func() tables { ts := start(); ts.drop("users", "posts"); return ts }
		p.same(tags(), c.want) // it is no difference by itself
		to := tags()
		to.col("tags.label").Default = lit(schema.Text, "x")
		_, err := autogen.Create(t.Context(), p.options(to))
		if !errors.Is(err, autogen.ErrRefused) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "table tags") {
			t.Errorf("%s: %v", c.sql, err)
		}
		to = tags()
		to.add("tags", null(col("more", schema.Text))) // needs no new table
		if r := p.make(p.options(to)); len(r.Changes) != 1 {
			t.Errorf("%s: %q", c.sql, r.Changes)
		}
		p.down()
		p.same(tags(), "back")
	}
}

// With foreign keys on, a script that writes a table anew fails before it does harm.
func TestRebuildFailsWhereForeignKeysAreOn(t *testing.T) {
	url := testdb.SQLite(t)
	p := newPlace(t, url)
	p.make(p.options(start()))
	must(t, p.run(seeds...))
	to := start()
	to.col("users.n").Type.Kind = schema.Text
	r, err := autogen.Create(t.Context(), p.options(to))
	must(t, err)
	c, err := sqlite.New(sqlite.Config{Path: strings.TrimPrefix(url, "sqlite:")})
	must(t, err)
	defer c.Close()
	p.conn.Close(context.Background())
	p.conn, err = c.Connect(t.Context(), driver.Writer)
	must(t, err)
	if err := p.run(sqlOf(p.parse(r).Up)...); err == nil || !strings.Contains(err.Error(), "run it with PRAGMA foreign_keys = OFF") {
		t.Errorf("%v", err)
	}
	if n := p.rows("SELECT count(*) FROM posts"); n[0] != "3" {
		t.Errorf("%s posts are left", n[0])
	}
}

// Tables that others have made, with constraints within columns, are what they are.
func TestHandWrittenTables(t *testing.T) {
	p := newPlace(t, testdb.SQLite(t))
	must(t, p.run(
		"create table users (\n id integer primary key autoincrement, -- the key, of course\n [name] text not null unique, `age` integer check (age >= 0 /* ) */),\n"+
			" bio text, score REAL NOT NULL default (0), active BOOLEAN not null default true, twice INTEGER as (age*2) stored, n INTEGER NOT NULL, code varchar(40))",
		"create index ix_users_age on users(age asc)",
		"create table posts (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, user_id INTEGER not null references users on delete cascade, title TEXT NOT NULL, body TEXT NULL, n INTEGER NOT NULL DEFAULT +7)",
		"create index ix_posts_user_id on posts (user_id)",
		"create table tags (code TEXT NOT NULL, label TEXT, constraint pk primary key (code))",
	))
	d, err := autogen.Check(t.Context(), p.options(start()))
	must(t, err)
	if got := strings.Join(d.Database, "\n"); got != "change column posts.n: default 7" {
		t.Errorf("differs:\n%s", got)
	}
	must(t, p.run(seeds...))
	to := start()
	to.col("users.n").Type.Kind = schema.Text
	to.get("users").Uniques = nil
	p.make(p.options(to))
	p.same(to, "up")
	p.down()
	d, err = autogen.Check(t.Context(), p.options(start()))
	must(t, err)
	if len(d.Database) != 1 || p.rows("SELECT count(*) FROM posts")[0] != "3" {
		t.Errorf("%q", d.Database)
	}
}
