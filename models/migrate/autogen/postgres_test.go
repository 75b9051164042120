package autogen_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/internal/schema"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models/migrate/autogen"
)

// A schema as GORM makes it, adopted: keys by a sequence are keys, and indexes and
// constraints get the names of the models without anything being built anew.
func TestAdoptedSchema(t *testing.T) {
	p := newPlace(t, testdb.Postgres(t))
	must(t, p.run(
		`CREATE TABLE users (id bigserial PRIMARY KEY, name text NOT NULL, age bigint, bio text, score numeric NOT NULL DEFAULT 0, active boolean NOT NULL DEFAULT true,
			twice bigint GENERATED ALWAYS AS (age * 2) STORED, n int NOT NULL, code varchar(40), CONSTRAINT age_check CHECK (age >= 0))`,
		`CREATE UNIQUE INDEX idx_users_name ON users (name)`,
		`CREATE INDEX idx_users_age ON users USING btree (age)`,
		`CREATE TABLE posts (id bigserial PRIMARY KEY, user_id bigint NOT NULL CONSTRAINT fk_users_posts REFERENCES users ON DELETE CASCADE, title text NOT NULL, body text, n bigint NOT NULL DEFAULT 7)`,
		`CREATE INDEX ix_posts_user_id ON posts (user_id)`,
		`CREATE TABLE tags (code text, label text, CONSTRAINT "PK" PRIMARY KEY (code), EXCLUDE USING btree (label WITH =))`,
	))
	must(t, p.run(seeds...))
	r := p.make(p.options(start()))
	want := []string{
		"rename check age_check to ck_users_age on users", "rename index idx_users_age to ix_users_age on users",
		"change column users.score: type numeric to double precision", "drop unique index idx_users_name on users",
		"add unique constraint uq_users_name on users", "rename foreign key fk_users_posts to fk_posts_user_id_users on posts",
	}
	for _, w := range want {
		if !strings.Contains(strings.Join(r.Changes, "\n"), w) {
			t.Errorf("no %q in\n%s", w, strings.Join(r.Changes, "\n"))
		}
	}
	if len(r.Changes) != len(want) {
		t.Errorf("%q", r.Changes)
	}
	p.same(start(), "adopted")
	must(t, p.run("INSERT INTO posts (user_id, title) VALUES (2, 'more')"))
	if err := p.run("INSERT INTO tags VALUES ('x', 'Go')"); err == nil {
		t.Error("the exclusion constraint is gone")
	}
	p.down()
	must(t, p.run("INSERT INTO posts (user_id, title) VALUES (2, 'most')"))
	if n := p.rows("SELECT count(*), max(id) FROM posts"); n[0] != "5|5" {
		t.Errorf("%s", n)
	}
}

// A native enum becomes text with a check, and back.
func TestNativeEnumBecomesText(t *testing.T) {
	p := newPlace(t, testdb.Postgres(t))
	must(t, p.run("CREATE TYPE mood AS ENUM ('glad', 'sad')", "CREATE TABLE tags (code text PRIMARY KEY, label mood DEFAULT 'sad')", "INSERT INTO tags VALUES ('a', 'glad')"))
	to := start()
	to.drop("users", "posts")
	to.col("tags.label").Default = lit(schema.Text, "sad")
	to.get("tags").Checks = []schema.Check{{Name: "ck_tags_label_enum", Expr: `"label" IN ('glad', 'sad', 'so so')`}}
	r := p.make(p.options(to))
	if !r.Files[0].Verified || strings.Contains(r.Files[0].Text, "TYPE mood;") {
		t.Errorf("%s", r.Files[0].Text)
	}
	must(t, p.run("INSERT INTO tags VALUES ('b', 'so so')"))
	if err := p.run("INSERT INTO tags VALUES ('c', 'mad')"); err == nil {
		t.Error("the check is missing")
	}
	must(t, p.run("DELETE FROM tags WHERE code = 'b'"))
	p.down()
	if got := p.rows("SELECT label, pg_typeof(label)::text FROM tags"); got[0] != "glad|mood" {
		t.Errorf("%s", got)
	}
}

// A view in the way is told before the file is written, not when it is run.
func TestViewInTheWay(t *testing.T) {
	p := newPlace(t, testdb.Postgres(t))
	p.make(p.options(start()))
	must(t, p.run("CREATE VIEW titles AS SELECT title FROM posts", "CREATE MATERIALIZED VIEW codes AS SELECT code FROM tags"))
	for _, c := range []struct {
		change func(ts *tables)
		want   string
	}{
		{func(ts *tables) { ts.dropCol("posts.title") }, "view titles uses posts.title"},
		{func(ts *tables) { ts.col("posts.title").Type.Kind = schema.Bytes }, "view titles uses posts.title"},
		{func(ts *tables) { ts.drop("tags") }, "view codes uses tags.code"},
		{func(ts *tables) { ts.dropCol("posts.body") }, ""},
		{func(ts *tables) { ts.col("posts.title").Nullable = true }, ""},
	} {
		to := start()
		c.change(&to)
		o := p.options(to)
		o.AllowDrop = true
		_, err := autogen.Plan(t.Context(), o)
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, autogen.ErrRefused) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	to := start()
	to.col("posts.title").Name = "headline"
	o := p.options(to)
	o.Rename = []string{"posts.title=headline"}
	p.make(o)
	p.rows("SELECT title FROM titles")
	to.col("posts.headline").Type.Kind = schema.Bytes
	if _, err := autogen.Plan(t.Context(), p.options(to)); !errors.Is(err, autogen.ErrRefused) {
		t.Errorf("after the rename: %v", err)
	}
}

// Another schema than public, by the search path of the connection.
func TestSearchPath(t *testing.T) {
	url := testdb.Postgres(t)
	p := newPlace(t, url)
	must(t, p.run("CREATE SCHEMA app", "CREATE TABLE users (x int)"))
	q := newPlace(t, url+"&search_path=app,public")
	q.make(q.options(rich()))
	q.same(rich(), "in app")
	if n := p.rows("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'app'"); n[0] != "4" {
		t.Errorf("%s tables in app", n[0])
	}
	if n := p.rows("SELECT count(*) FROM pg_namespace WHERE nspname LIKE '\\_spillway%'"); n[0] != "0" {
		t.Errorf("%s scratch schemas are left", n[0])
	}
}
