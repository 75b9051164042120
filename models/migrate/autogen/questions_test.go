package autogen_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
	"github.com/spillwaydb/spillway/models/migrate/autogen"
)

// asked returns the questions of a plan as "kind flag", one line each.
func asked(p *place, o autogen.Options) string {
	p.Helper()
	_, err := autogen.Create(p.Context(), o)
	var q *autogen.QuestionsError
	if !errors.As(err, &q) {
		if err != nil {
			p.Fatal(err)
		}
		return ""
	}
	var out []string
	for _, x := range q.Questions {
		out = append(out, string(x.Kind)+" "+x.Flag)
		if !strings.Contains(err.Error(), x.Flag) || !strings.Contains(err.Error(), x.Text) || !errors.Is(err, autogen.ErrQuestions) {
			p.Errorf("%v", err)
		}
	}
	return strings.Join(out, "\n")
}

func TestWhatAPersonHasToDecide(t *testing.T) {
	both(t, func(t *testing.T, p *place) {
		p.make(p.options(start()))
		for _, c := range []struct {
			name   string
			change func(ts *tables)
			want   string
			o      autogen.Options
			then   string
		}{
			{
				"renamed column", func(ts *tables) { ts.col("posts.title").Name = "headline" },
				"rename --rename posts.title=posts.headline, or --allow-drop",
				autogen.Options{Drop: []string{"posts.title"}},
				"",
			},
			{
				"another type is no rename", func(ts *tables) { ts.dropCol("posts.title"); ts.add("posts", null(col("x", schema.Bytes))) },
				"drop --allow-drop",
				autogen.Options{AllowDrop: true},
				"",
			},
			{
				"renamed table", func(ts *tables) { ts.get("tags").Name = "labels" },
				"rename --rename tags=labels, or --allow-drop",
				autogen.Options{Rename: []string{"tags=labels"}},
				"",
			},
			{"dropped table", func(ts *tables) { ts.drop("tags") }, "drop --allow-drop", autogen.Options{Drop: []string{"tags"}}, ""},
			{
				"new time", func(ts *tables) { ts.add("users", col("at", schema.Time)) },
				"fill --fill users.at=VALUE",
				autogen.Options{Fill: []string{"users.at=2020-01-01 00:00:00Z"}},
				"",
			},
			{"new unique", func(ts *tables) {
				ts.add("users", col("slug", schema.Text))
				ts.get("users").Uniques = append(ts.get("users").Uniques, schema.Unique{Name: "uq_slug", Columns: []string{"slug"}})
			}, "fill --fill users.slug=VALUE", autogen.Options{Fill: []string{"users.slug=sql:lower(name)"}}, ""},
			{"new reference", func(ts *tables) {
				ts.add("users", col("tag", schema.Text))
				ts.get("users").ForeignKeys = []schema.ForeignKey{{Name: "fk_t", Columns: []string{"tag"}, RefTable: "tags", RefColumns: []string{"code"}}}
			}, "fill --fill users.tag=VALUE", autogen.Options{Fill: []string{"users.tag=go"}}, ""},
			{
				"two at once", func(ts *tables) { ts.drop("tags"); ts.add("users", col("at", schema.Time)) },
				"drop --allow-drop\nfill --fill users.at=VALUE",
				autogen.Options{AllowDrop: true},
				"fill --fill users.at=VALUE",
			},
		} {
			to := start()
			c.change(&to)
			if got := asked(p, p.options(to)); got != c.want {
				t.Errorf("%s: asks %q, want %q", c.name, got, c.want)
			}
			c.o.Models, c.o.DB, c.o.Dir = to, p, p.dir
			if c.then != "" {
				if got := asked(p, c.o); got != c.then {
					t.Errorf("%s: then asks %q, want %q", c.name, got, c.then)
				}
				continue
			}
			if r, err := autogen.Plan(t.Context(), c.o); err != nil || len(r.Files) != 1 {
				t.Errorf("%s: answered: %v", c.name, err)
			}
		}
		if entries, err := os.ReadDir(p.dir); err != nil || len(entries) != 2 { // the first script and models.json
			t.Errorf("%v, %v: something was written", entries, err)
		}
	})
}

func TestAnswersThatDoNotFit(t *testing.T) {
	both(t, func(t *testing.T, p *place) {
		p.make(p.options(start()))
		to := start()
		to.col("posts.title").Name = "headline"
		for _, c := range []struct {
			o    autogen.Options
			want string
		}{
			{autogen.Options{Rename: []string{"posts.title"}}, "want old=new for a table"},
			{autogen.Options{Rename: []string{"posts.titel=headline"}}, "has no column titel"},
			{autogen.Options{Rename: []string{"posts.title=posts.heading"}}, "has no column heading"},
			{autogen.Options{Rename: []string{"posts.body=posts.n"}}, "has a column n already"},
			{autogen.Options{Rename: []string{"post=posts"}}, "no table post"},
			{autogen.Options{Rename: []string{"posts=articles"}}, "no model has the table articles"},
			{autogen.Options{Rename: []string{"tags=posts"}}, "the table posts exists already"},
			{autogen.Options{Fill: []string{"title=x"}}, "want table.column=value"},
			{autogen.Options{Fill: []string{"post.n=1"}}, "no model has the table post"},
			{autogen.Options{Fill: []string{"posts.m=1"}}, "has no column m"},
			{autogen.Options{Fill: []string{"posts.n=secret"}}, "the value is no int64"},
			{autogen.Options{Fill: []string{"users.active=secret"}}, "the value is no bool"},
			{autogen.Options{Dialects: []string{"mysql"}}, `no database is called "mysql"`},
		} {
			c.o.Models, c.o.DB, c.o.Dir = to, p, p.dir
			_, err := autogen.Create(t.Context(), c.o)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%+v: %v, want %q", c.o.Rename, err, c.want)
			}
		}
		if _, err := autogen.Create(t.Context(), autogen.Options{Models: to, Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "for which database?") {
			t.Error(err)
		}
	})
}

// What never had a model is not touched, and what had one is found by the newest script.
func TestTablesWithoutAModelAreLeftAlone(t *testing.T) {
	both(t, func(t *testing.T, p *place) {
		must(t, p.run("CREATE TABLE theirs (a integer)", "CREATE TABLE schema_version (v integer)"))
		p.make(p.options(start()))
		p.same(start(), "migrated")
		must(t, p.run("CREATE TABLE log (user_id bigint REFERENCES users (id))"))
		to := start()
		to.drop("tags")
		to.col("users.n").Type.Kind = schema.Text
		o := p.options(to)
		o.AllowDrop = true
		r := p.make(o)
		if got := strings.Join(r.Changes, "\n"); strings.Contains(got, "theirs") || strings.Contains(got, "log") || !strings.Contains(got, "drop table tags") {
			t.Errorf("%s", got)
		}
		p.rows("SELECT * FROM theirs, log")
		if p.dialect == dialect.SQLite && len(p.rows("PRAGMA foreign_key_list(log)")) != 1 {
			t.Error("the foreign key of a table without a model is gone")
		}
		p.down()
		p.same(start(), "back")
	})
}
