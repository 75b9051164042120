package dialect_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

var update = flag.Bool("update", false, "write the golden files anew")

var dialects = []dialect.Dialect{dialect.Postgres, dialect.SQLite}

// golden compares text with testdata/name.
func golden(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s differs (go test -update writes it anew); got:\n%s", file, text)
	}
}

func blog() []*schema.Table {
	users := &schema.Table{
		Name: "users",
		Key:  []string{"id"},
		Columns: []*schema.Column{
			{Name: "id", Type: schema.Type{Kind: schema.Int64}, Auto: true},
			{Name: "name", Type: schema.Type{Kind: schema.Text}, Default: &schema.Literal{Kind: schema.Text, Text: "it's me"}},
			{Name: "nick", Type: schema.Type{Kind: schema.Text, SQL: map[string]string{"postgres": "citext"}}, Nullable: true},
			{Name: "active", Type: schema.Type{Kind: schema.Bool}, Default: &schema.Literal{Kind: schema.Bool, Text: "true"}},
			{Name: "score", Type: schema.Type{Kind: schema.Float64}, Default: &schema.Literal{Kind: schema.Float64, Text: "-1.5"}},
			{Name: "ratio", Type: schema.Type{Kind: schema.Float32}},
			{Name: "small", Type: schema.Type{Kind: schema.Int16}},
			{Name: "mid", Type: schema.Type{Kind: schema.Int32}},
			{Name: "photo", Type: schema.Type{Kind: schema.Bytes}},
			{Name: "born", Type: schema.Type{Kind: schema.Time}, Nullable: true},
			{Name: "token", Type: schema.Type{Kind: schema.UUID}},
			{Name: "settings", Type: schema.Type{Kind: schema.JSON}},
			{Name: "favourite", Type: schema.Type{Kind: schema.Int64}, Nullable: true},
		},
		Uniques:     []schema.Unique{{Name: "uq_users_name", Columns: []string{"name"}}},
		ForeignKeys: []schema.ForeignKey{{Name: "fk_users_favourite_posts", Columns: []string{"favourite"}, RefTable: "posts", RefColumns: []string{"id"}, OnDelete: schema.SetNull}},
	}
	posts := &schema.Table{
		Name: "posts",
		Key:  []string{"id"},
		Columns: []*schema.Column{
			{Name: "id", Type: schema.Type{Kind: schema.Int32}, Auto: true},
			{Name: "author_id", Type: schema.Type{Kind: schema.Int64}},
			{Name: "at", Type: schema.Type{Kind: schema.Time}, Server: schema.PerBackend{"": "now()"}},
			{Name: "long", Type: schema.Type{Kind: schema.Bool}, Generated: schema.PerBackend{"": "author_id > 9"}},
			{Name: `odd"name`, Type: schema.Type{Kind: schema.Text}},
		},
		Indexes: []schema.Index{
			{Name: "ix_posts_author_id", Terms: []schema.Term{{Column: "author_id"}, {Column: `odd"name`, Desc: true}}},
			{Name: "uq_posts_lower", Terms: []schema.Term{{Column: `odd"name`, Expr: `lower("odd""name")`}}, Unique: true, Where: "author_id > 0"},
		},
		Checks: []schema.Check{{Name: "ck_posts_author_id", Expr: "author_id > 0"}},
		ForeignKeys: []schema.ForeignKey{{
			Name: "fk_posts_author_id_users", Columns: []string{"author_id"}, RefTable: "users", RefColumns: []string{"id"},
			OnDelete: schema.Cascade, OnUpdate: schema.NoAction, Deferrable: true,
		}},
	}
	tags := &schema.Table{
		Name:    "post_tags",
		Key:     []string{"post_id", "tag"},
		Columns: []*schema.Column{{Name: "post_id", Type: schema.Type{Kind: schema.Int32}}, {Name: "tag", Type: schema.Type{Kind: schema.Text}}},
		ForeignKeys: []schema.ForeignKey{{
			Name: "fk_post_tags_post_id_posts", Columns: []string{"post_id"}, RefTable: "posts", RefColumns: []string{"id"},
		}},
	}
	return []*schema.Table{tags, users, posts}
}

func TestCreate(t *testing.T) {
	for _, d := range dialects {
		golden(t, "create."+d.String()+".sql", strings.Join(d.Create(blog()), ";\n\n")+";\n")
	}
}

func TestStatements(t *testing.T) {
	tables := blog()
	users, posts := dialect.NewSource(tables[1], "users"), dialect.NewSource(tables[2], "posts")
	boss := dialect.NewSource(tables[1], "boss")
	col := func(s *dialect.Source, name string) dialect.Node { return dialect.Column{Source: s, Name: name} }
	val := func(v driver.Value) dialect.Node { return dialect.Param{Value: v} }
	eq := func(l, r dialect.Node) dialect.Node { return dialect.Compare{L: l, Op: "=", R: r} }
	id, name := col(users, "id"), col(users, "name")
	where := func(cond ...dialect.Node) func(w *dialect.Writer) {
		return func(w *dialect.Writer) {
			w.Select(&dialect.Select{Columns: []dialect.Node{id}, From: users, Where: cond})
		}
	}
	count := dialect.Call{Name: "COUNT", Args: []dialect.Node{dialect.Star{}}}
	paged := dialect.Select{
		Columns: []dialect.Node{dialect.All{Source: users}}, From: users,
		OrderBy: []dialect.Node{dialect.Order{X: name, Desc: true}, dialect.Order{X: id}}, Limit: dialect.Number{N: 10}, Offset: val(driver.Int64(20)),
	}
	grouped := dialect.Select{
		Distinct: true, Columns: []dialect.Node{name, dialect.As{X: count, Name: "n"}}, From: users,
		Joins:   []dialect.Join{{Source: posts, On: eq(col(posts, "author_id"), id)}, {Source: boss, Left: true, On: eq(col(boss, "id"), col(users, "favourite"))}},
		Where:   []dialect.Node{eq(col(boss, "name"), val(driver.Text("x")))},
		GroupBy: []dialect.Node{name}, Having: []dialect.Node{dialect.Compare{L: count, Op: ">", R: val(driver.Int64(3))}},
		OrderBy: []dialect.Node{dialect.Order{X: count, Desc: true}},
	}
	for _, c := range []struct {
		name  string
		write func(w *dialect.Writer)
	}{
		{"all columns", func(w *dialect.Writer) {
			w.Select(&dialect.Select{Columns: []dialect.Node{dialect.All{Source: users}}, From: users})
		}},
		{"page", func(w *dialect.Writer) { w.Select(&paged) }},
		{"first", func(w *dialect.Writer) {
			w.Select(&dialect.Select{Columns: []dialect.Node{id}, From: users, Limit: dialect.Number{N: 1}})
		}},
		{"offset alone", func(w *dialect.Writer) {
			w.Select(&dialect.Select{Columns: []dialect.Node{id}, From: users, Offset: val(driver.Int64(5))})
		}},
		{"join, group, having", func(w *dialect.Writer) { w.Select(&grouped) }},
		{"all columns of a join", func(w *dialect.Writer) {
			w.Select(&dialect.Select{Columns: []dialect.Node{dialect.All{Source: boss}}, From: boss, Joins: []dialect.Join{{Source: posts, On: eq(id2(posts), id2(boss))}}})
		}},
		{"count", func(w *dialect.Writer) {
			w.Count(&dialect.Select{Columns: []dialect.Node{id}, From: users, OrderBy: []dialect.Node{id}})
		}},
		{"count of a page", func(w *dialect.Writer) { w.Count(&paged) }},
		{"count of groups", func(w *dialect.Writer) { w.Count(&grouped) }},
		{"exists", func(w *dialect.Writer) {
			w.Exists(&dialect.Select{Columns: []dialect.Node{id}, From: users, OrderBy: []dialect.Node{id}})
		}},
		{"and, or, not", where(dialect.Logic{Op: "OR", Kids: []dialect.Node{eq(id, val(driver.Int64(1))), dialect.Negation{X: dialect.Null{X: name}}}}, dialect.Null{X: name, Not: true})},
		{"no conditions", where(dialect.Logic{Op: "OR"}, dialect.Logic{Op: "AND"})},
		{"between", where(dialect.Between{X: id, Lo: val(driver.Int64(1)), Hi: val(driver.Int64(2))})},
		{"in integers", where(dialect.In{X: id, Values: []driver.Value{driver.Int64(1), driver.Int64(2)}})},
		{"not in texts", where(dialect.In{X: name, Values: []driver.Value{driver.Text("a")}, Not: true})},
		{"in floats", where(dialect.In{X: col(users, "score"), Values: []driver.Value{driver.Float64(1), driver.Float64(2)}})},
		{"in nothing", where(dialect.In{X: id})},
		{"not in nothing", where(dialect.In{X: id, Not: true})},
		{"like", where(dialect.Like{X: name, Pattern: `a%_\%*[`})},
		{"ilike", where(dialect.Like{X: name, Pattern: `a%`, Fold: true})},
		{"aggregates", func(w *dialect.Writer) {
			w.Select(&dialect.Select{Columns: []dialect.Node{
				dialect.Cast{X: dialect.Call{Name: "SUM", Args: []dialect.Node{id}}, To: schema.Type{Kind: schema.Int64}},
				dialect.Call{Name: "COUNT", Distinct: true, Args: []dialect.Node{name}},
			}, From: users})
		}},
		{"update", func(w *dialect.Writer) {
			w.Update(&dialect.Update{Source: users, Set: []dialect.Assign{{Column: "name", Value: val(driver.Text("x"))}, {Column: "nick", Value: val(driver.Null())}}, Where: []dialect.Node{eq(id, val(driver.Int64(1)))}, Returning: []dialect.Node{id}})
		}},
		{"delete", func(w *dialect.Writer) {
			w.Delete(&dialect.Delete{Source: users, Where: []dialect.Node{eq(id, val(driver.Int64(1)))}, Returning: []dialect.Node{id}})
		}},
	} {
		var text strings.Builder
		for _, d := range dialects {
			w := dialect.NewWriter(d)
			c.write(w)
			if err := w.Err(); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			fmt.Fprintf(&text, "-- %s\n%s\n", d, w.Text())
			for i, a := range w.Args() {
				fmt.Fprintf(&text, "-- %d: %v\n", i+1, a.Any())
			}
			w.Free()
		}
		golden(t, strings.NewReplacer(" ", "_", ",", "").Replace(c.name)+".sql", text.String())
	}
}

func id2(s *dialect.Source) dialect.Node { return dialect.Column{Source: s, Name: "id"} }

func TestInsert(t *testing.T) {
	var text strings.Builder
	for _, d := range dialects {
		fmt.Fprintf(&text, "-- %s\n%s\n%s\n%s\n", d,
			d.Insert("users", []string{"name", `odd"name`}, 1, []string{"id"}), d.Insert("users", []string{"name", "nick"}, 3, nil), d.Insert("users", nil, 1, []string{"id", "active"}))
	}
	golden(t, "insert.sql", text.String())
}

func TestMistakes(t *testing.T) {
	tables := blog()
	users, posts := dialect.NewSource(tables[1], "users"), dialect.NewSource(tables[2], "posts")
	for _, c := range []struct {
		sel  dialect.Select
		want string
	}{
		{dialect.Select{Columns: []dialect.Node{id2(users)}, From: users, Where: []dialect.Node{dialect.Null{X: id2(posts)}}}, "column posts.id is used, but posts is not in the query: join it"},
		{dialect.Select{Columns: []dialect.Node{id2(users)}, From: users, Joins: []dialect.Join{{Source: users, On: dialect.Logic{Op: "AND"}}}}, "users is in the query twice: give one of them another name with Alias"},
	} {
		w := dialect.NewWriter(dialect.Postgres)
		w.Select(&c.sel)
		if err := w.Err(); err == nil || err.Error() != c.want {
			t.Errorf("error %v, want %s", err, c.want)
		}
		w.Free()
	}
}
