package autogen_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
	"github.com/spillwaydb/spillway/models/migrate"
	"github.com/spillwaydb/spillway/models/migrate/autogen"
)

// tables are models under change.
type tables []*schema.Table

func (ts tables) get(name string) *schema.Table {
	for _, t := range ts {
		if t.Name == name {
			return t
		}
	}
	panic("no table " + name)
}

func (ts tables) col(name string) *schema.Column {
	t, c, _ := strings.Cut(name, ".")
	if col := ts.get(t).Column(c); col != nil {
		return col
	}
	panic("no column " + name)
}

func (ts *tables) drop(names ...string) {
	*ts = slices.DeleteFunc(*ts, func(t *schema.Table) bool { return slices.Contains(names, t.Name) })
}

func (ts tables) dropCol(name string) {
	tn, cn, _ := strings.Cut(name, ".")
	t := ts.get(tn)
	t.Columns = slices.DeleteFunc(t.Columns, func(c *schema.Column) bool { return c.Name == cn })
}

func (ts tables) add(table string, cs ...*schema.Column) {
	ts.get(table).Columns = append(ts.get(table).Columns, cs...)
}

func serverCol(name string, k schema.Kind, expr string) *schema.Column {
	c := col(name, k)
	c.Server = all(expr)
	return c
}

func generated(name string, k schema.Kind, expr string) *schema.Column {
	c := col(name, k)
	c.Generated = all(expr)
	return c
}

func fk(name, column, table string, on schema.Action) schema.ForeignKey {
	return schema.ForeignKey{Name: name, Columns: []string{column}, RefTable: table, RefColumns: []string{"id"}, OnDelete: on}
}

func ix(name string, cols ...string) schema.Index {
	i := schema.Index{Name: name}
	for _, c := range cols {
		i.Terms = append(i.Terms, schema.Term{Column: c})
	}
	return i
}

// base is what most changes begin with.
func base() tables {
	return tables{
		{
			Name: "users", Key: []string{"id"},
			Columns: []*schema.Column{
				id(), col("name", schema.Text), null(col("age", schema.Int64)), null(col("bio", schema.Text)), def(col("score", schema.Float64), "0"),
				def(col("active", schema.Bool), "true"), generated("twice", schema.Int64, "age * 2"), col("n", schema.Int32),
				{Name: "code", Type: schema.Type{Kind: schema.Other, SQL: schema.PerBackend{"postgres": "varchar(40)", "sqlite": "VARCHAR(40)"}}, Nullable: true},
			},
			Uniques: []schema.Unique{{Name: "uq_users_name", Columns: []string{"name"}}},
			Checks:  []schema.Check{{Name: "ck_users_age", Expr: "age >= 0"}},
			Indexes: []schema.Index{ix("ix_users_age", "age")},
		},
		{
			Name: "posts", Key: []string{"id"},
			Columns:     []*schema.Column{id(), col("user_id", schema.Int64), col("title", schema.Text), null(col("body", schema.Text)), def(col("n", schema.Int64), "7")},
			ForeignKeys: []schema.ForeignKey{fk("fk_posts_user_id_users", "user_id", "users", schema.Cascade)},
			Indexes:     []schema.Index{ix("ix_posts_user_id", "user_id")},
		},
		{
			Name: "tags", Key: []string{"code"},
			Columns: []*schema.Column{col("code", schema.Text), null(col("label", schema.Text))},
		},
	}
}

var seeds = []string{
	"INSERT INTO users (name, age, n, code) VALUES ('ada', 36, 1, 'x'), ('bob', NULL, 0, NULL)",
	"INSERT INTO posts (user_id, title, body) VALUES (1, 'a', '1'), (1, 'b', NULL), (2, 'c', '3')",
	"INSERT INTO tags (code, label) VALUES ('go', 'Go'), ('sql', NULL)",
}

// A change is one line of the matrix.
type change struct {
	name   string
	change func(ts *tables)
	o      autogen.Options // answers
	// say is a part of what the result says; empty for no change at all.
	say string
	// after asks for rows behind the way up: query and answer by turns.
	after []string
	// lossy: values do not come back. before runs before the way down.
	lossy  bool
	before string
}

var matrix = []change{
	{name: "nothing", change: func(*tables) {}},
	{name: "add table", change: func(ts *tables) {
		*ts = append(*ts, &schema.Table{Name: "new", Key: []string{"id"}, Columns: []*schema.Column{id()}})
	}, say: "create table new"},
	{name: "add child", change: func(ts *tables) {
		*ts = append(tables{{
			Name: "child", Key: []string{"id"}, Columns: []*schema.Column{id(), col("u", schema.Int64), null(col("up", schema.Int64))},
			ForeignKeys: []schema.ForeignKey{fk("fk_a", "u", "users", schema.Cascade), fk("fk_b", "up", "child", "")},
			Uniques:     []schema.Unique{{Name: "uq_child_u", Columns: []string{"u"}}}, Indexes: []schema.Index{ix("ix_child_up", "up")},
		}}, *ts...)
	}, say: "create table child"},
	{name: "add a circle", change: func(ts *tables) {
		*ts = append(*ts,
			&schema.Table{Name: "hen", Key: []string{"id"}, Columns: []*schema.Column{id(), null(col("e", schema.Int64))}, ForeignKeys: []schema.ForeignKey{fk("fk_hen", "e", "egg", "")}},
			&schema.Table{Name: "egg", Key: []string{"id"}, Columns: []*schema.Column{id(), null(col("h", schema.Int64))}, ForeignKeys: []schema.ForeignKey{fk("fk_egg", "h", "hen", "")}})
	}, say: "create table hen"},
	{name: "drop child", change: func(ts *tables) { ts.drop("posts") }, o: autogen.Options{AllowDrop: true}, say: "drop table posts", lossy: true},
	{name: "drop parent and child", change: func(ts *tables) { ts.drop("posts", "users") }, o: autogen.Options{Drop: []string{"posts", "users"}}, say: "drop table users", lossy: true},
	{name: "drop all", change: func(ts *tables) { *ts = tables{} }, o: autogen.Options{AllowDrop: true}, say: "drop table tags", lossy: true},

	{name: "add nullable", change: func(ts *tables) { ts.add("users", null(col("x", schema.Text))) }, say: "add column users.x", after: []string{"SELECT x FROM users ORDER BY id", "NULL,NULL"}},
	{name: "add nullable with default", change: func(ts *tables) { ts.add("users", def(null(col("x", schema.Text)), "it's")) }, say: "add column users.x", after: []string{"SELECT x FROM users ORDER BY id", "it's,it's"}},
	{name: "add with default", change: func(ts *tables) { ts.add("users", def(col("x", schema.Int64), "-3")) }, say: "add column users.x", after: []string{"SELECT x FROM users ORDER BY id", "-3,-3"}},
	{name: "add text", change: func(ts *tables) { ts.add("users", col("x", schema.Text)) }, say: "add column users.x", after: []string{"SELECT x FROM users ORDER BY id", ","}},
	{name: "add numbers", change: func(ts *tables) {
		ts.add("users", col("x", schema.Int16), col("y", schema.Float64), col("z", schema.Bool))
	}, say: "add column users.x", after: []string{"SELECT x, y, z FROM users ORDER BY id", "0|0|false,0|0|false"}},
	{name: "add json and array", change: func(ts *tables) {
		ts.add("users", col("x", schema.JSON), &schema.Column{Name: "y", Type: schema.Type{Kind: schema.Array, Elem: schema.Int64}})
	}, say: "add column users.x", after: []string{"SELECT x FROM users ORDER BY id", "null,null"}},
	{name: "add time", change: func(ts *tables) { ts.add("users", col("x", schema.Time)) }, o: autogen.Options{Fill: []string{"users.x=now"}}, say: "add column users.x", after: []string{"SELECT count(*) FROM users WHERE x IS NULL", "0"}},
	{name: "add uuid", change: func(ts *tables) { ts.add("users", col("x", schema.UUID)) }, o: autogen.Options{Fill: []string{"users.x=00000000-0000-0000-0000-000000000001"}}, say: "add column users.x"},
	{name: "add foreign key column", change: func(ts *tables) {
		ts.add("posts", col("by", schema.Int64))
		ts.get("posts").ForeignKeys = append(ts.get("posts").ForeignKeys, fk("fk_posts_by", "by", "users", schema.Restrict))
	}, o: autogen.Options{Fill: []string{"posts.by=sql:user_id"}}, say: "add column posts.by", after: []string{`SELECT "by" FROM posts ORDER BY id`, "1,1,2"}},
	{name: "add unique column", change: func(ts *tables) {
		ts.add("users", null(col("x", schema.Text)))
		ts.get("users").Uniques = append(ts.get("users").Uniques, schema.Unique{Name: "uq_users_x", Columns: []string{"x"}})
	}, say: "add unique"},
	{name: "add generated", change: func(ts *tables) { ts.add("users", generated("x", schema.Text, "name || '!'")) }, say: "add column users.x", after: []string{"SELECT x FROM users ORDER BY id", "ada!,bob!"}},
	{name: "add server default", change: func(ts *tables) { ts.add("users", serverCol("x", schema.Time, "now()")) }, say: "add column users.x", after: []string{"SELECT count(*) FROM users WHERE x IS NULL", "0"}},
	{name: "drop nullable", change: func(ts *tables) { ts.dropCol("posts.body") }, o: autogen.Options{AllowDrop: true}, say: "drop column posts.body", lossy: true},
	{name: "drop not null", change: func(ts *tables) { ts.dropCol("posts.title") }, o: autogen.Options{Drop: []string{"posts.title"}}, say: "drop column posts.title", lossy: true},
	{name: "drop indexed and checked", change: func(ts *tables) {
		ts.dropCol("users.twice")
		ts.dropCol("users.age")
		ts.get("users").Checks, ts.get("users").Indexes = nil, nil
	}, o: autogen.Options{AllowDrop: true}, say: "drop column users.age", lossy: true},
	{name: "drop generated", change: func(ts *tables) { ts.dropCol("users.twice") }, say: "drop column users.twice"},
	{name: "drop foreign key column", change: func(ts *tables) {
		ts.dropCol("posts.user_id")
		ts.get("posts").ForeignKeys, ts.get("posts").Indexes = nil, nil
	}, o: autogen.Options{AllowDrop: true}, say: "drop column posts.user_id", lossy: true, before: "DELETE FROM posts"},

	{name: "integer to text", change: func(ts *tables) { ts.col("users.n").Type.Kind = schema.Text }, say: "change column users.n: type", after: []string{"SELECT n FROM users ORDER BY id", "1,0"}},
	{name: "text to integer", change: func(ts *tables) { ts.col("posts.body").Type.Kind = schema.Int64 }, say: "change column posts.body", after: []string{"SELECT sum(body) FROM posts", "4"}},
	{name: "wider and narrower", change: func(ts *tables) {
		ts.col("posts.n").Type.Kind = schema.Int16
		ts.col("posts.n").Default.Kind = schema.Int16
		ts.col("users.n").Type.Kind = schema.Float64
	}, say: "change column"},
	{name: "length", change: func(ts *tables) {
		ts.col("users.code").Type.SQL = schema.PerBackend{"postgres": "varchar(80)", "sqlite": "VARCHAR(80)"}
	}, say: "change column users.code: type"},
	{name: "bool to integer", change: func(ts *tables) {
		ts.col("users.active").Type.Kind = schema.Int64
		ts.col("users.active").Default = lit(schema.Int64, "1")
	}, say: "change column users.active", after: []string{"SELECT active FROM users ORDER BY id", "1,1"}},
	{name: "integer to bool", change: func(ts *tables) { ts.col("users.n").Type.Kind = schema.Bool }, say: "change column users.n", after: []string{"SELECT n FROM users ORDER BY id", "true,false"}},
	{name: "text to bytes", change: func(ts *tables) { ts.col("users.bio").Type.Kind = schema.Bytes }, say: "change column users.bio"},
	{name: "number to json", change: func(ts *tables) { ts.col("users.n").Type.Kind = schema.JSON }, say: "change column users.n"},
	{name: "generated from another type", change: func(ts *tables) { ts.col("users.age").Type.Kind = schema.Int32 }, say: "", after: nil},
	{name: "the key's type", change: func(ts *tables) {
		ts.col("users.id").Type.Kind, ts.col("posts.user_id").Type.Kind = schema.Int32, schema.Int32
	}, say: ""},

	{name: "a referenced key's other type", change: func(ts *tables) {
		ts.col("users.id").Auto = false
		ts.col("users.id").Type.Kind, ts.col("posts.user_id").Type.Kind = schema.Text, schema.Text
	}, say: "change column users.id: type", after: []string{"SELECT count(*) FROM posts JOIN users ON users.id = user_id", "3"}},
	{name: "another key than the referenced one", change: func(ts *tables) {
		u := ts.get("users")
		ts.col("users.id").Auto = false
		u.Key, u.Uniques = []string{"name"}, []schema.Unique{{Name: "uq_users_id", Columns: []string{"id"}}}
	}, say: "change primary key of users to name"},

	{name: "not null with default", change: func(ts *tables) {
		ts.col("users.bio").Nullable = false
		ts.col("users.bio").Default = lit(schema.Text, "none")
	}, say: "change column users.bio: not null", after: []string{"SELECT bio FROM users ORDER BY id", "none,none"}, lossy: true},
	{name: "not null", change: func(ts *tables) { ts.col("users.bio").Nullable = false }, say: "change column users.bio: not null", after: []string{"SELECT bio FROM users ORDER BY id", ","}, lossy: true},
	{name: "nullable", change: func(ts *tables) { ts.col("posts.title").Nullable = true }, say: "change column posts.title: nullable"},
	{name: "default added", change: func(ts *tables) { ts.col("posts.title").Default = lit(schema.Text, "one\n;\n-- two") }, say: "default"},
	{name: "default changed", change: func(ts *tables) { ts.col("posts.n").Default.Text = "20" }, say: "default 20", after: []string{"SELECT n FROM posts ORDER BY id", "7,7,7"}},
	{name: "default dropped", change: func(ts *tables) { ts.col("posts.n").Default = nil }, say: "no default"},
	{name: "default by the server", change: func(ts *tables) { ts.col("posts.n").Default, ts.col("posts.n").Server = nil, all("abs(-5)") }, say: "default (abs(-5))"},

	{name: "a longer key", change: func(ts *tables) {
		ts.add("tags", def(col("kind", schema.Text), "k"))
		ts.get("tags").Key = []string{"code", "kind"}
	}, say: "change primary key of tags", after: []string{"SELECT code, kind FROM tags ORDER BY code", "go|k,sql|k"}},
	{name: "natural key to made", change: func(ts *tables) {
		t := ts.get("tags")
		t.Columns, t.Key = append([]*schema.Column{id()}, t.Columns...), []string{"id"}
		t.Uniques = []schema.Unique{{Name: "uq_tags_code", Columns: []string{"code"}}}
	}, say: "change primary key of tags to id", after: []string{"SELECT id, code FROM tags ORDER BY id", "1|go,2|sql"}},
	{name: "key no longer made", change: func(ts *tables) { ts.col("posts.id").Auto = false }, say: "no longer made by the database"},

	{name: "unique added", change: func(ts *tables) {
		ts.get("posts").Uniques = []schema.Unique{{Name: "uq_posts_title", Columns: []string{"title"}}}
	}, say: "add "},
	{name: "unique dropped", change: func(ts *tables) { ts.get("users").Uniques = nil }, say: "drop "},
	{name: "unique of other columns", change: func(ts *tables) { ts.get("users").Uniques[0].Columns = []string{"name", "age"} }, say: "change "},
	{name: "unique in other letters", change: func(ts *tables) { ts.get("users").Uniques[0].Name = "UQ_users_name" }, say: "UQ_users_name"},
	{name: "check added", change: func(ts *tables) {
		ts.get("posts").Checks = []schema.Check{{Name: "ck_posts", Expr: "title <> '' AND n > 0"}}
	}, say: "add check ck_posts"},
	{name: "check dropped", change: func(ts *tables) { ts.get("users").Checks = nil }, say: "drop check ck_users_age"},
	{name: "check changed", change: func(ts *tables) { ts.get("users").Checks[0].Expr = "age >= 1" }, say: "change check ck_users_age"},
	{name: "enum gets and loses values", change: func(ts *tables) {
		ts.get("users").Checks = append(ts.get("users").Checks, schema.Check{Name: "ck_users_name_enum", Expr: `"name" IN ('ada', 'bob', 'eve')`})
	}, say: "add check ck_users_name_enum"},
	{name: "index added", change: func(ts *tables) {
		ts.get("posts").Indexes = append(ts.get("posts").Indexes, ix("ix_posts_n", "n", "title"))
	}, say: "add index ix_posts_n"},
	{name: "index dropped", change: func(ts *tables) { ts.get("users").Indexes = nil }, say: "drop index ix_users_age"},
	{name: "index becomes unique", change: func(ts *tables) { ts.get("users").Indexes[0].Unique = true }, say: "index ix_users_age"},
	{name: "index in another order", change: func(ts *tables) {
		ts.get("users").Indexes[0] = ix("ix_users_age", "name", "age")
	}, say: "change index"},
	{name: "index downwards", change: func(ts *tables) { ts.get("users").Indexes[0].Terms[0].Desc = true }, say: "change index"},
	{name: "index becomes partial", change: func(ts *tables) { ts.get("users").Indexes[0].Where = "age > 3 AND name <> 'x'" }, say: "change index"},
	{name: "index of an expression", change: func(ts *tables) {
		ts.get("users").Indexes = append(ts.get("users").Indexes, schema.Index{Name: "ix_x", Terms: []schema.Term{{Expr: "upper(name)"}}})
	}, say: "add index ix_x"},
	{name: "index moves to another table", change: func(ts *tables) {
		ts.get("users").Indexes = nil
		ts.get("posts").Indexes = append(ts.get("posts").Indexes, ix("ix_users_age", "n"))
	}, say: "add index ix_users_age on posts"},

	{name: "foreign key added", change: func(ts *tables) {
		ts.add("users", null(col("best", schema.Int64)))
		ts.get("users").ForeignKeys = []schema.ForeignKey{fk("fk_users_best", "best", "posts", schema.SetNull)}
	}, say: "add foreign key"},
	{name: "foreign key dropped", change: func(ts *tables) { ts.get("posts").ForeignKeys = nil }, say: "drop foreign key"},
	{name: "foreign key's action", change: func(ts *tables) { ts.get("posts").ForeignKeys[0].OnDelete = schema.Restrict }, say: "change foreign key"},
	{name: "foreign key's other action", change: func(ts *tables) { ts.get("posts").ForeignKeys[0].OnUpdate = schema.NoAction }},
	{name: "foreign key deferrable", change: func(ts *tables) { ts.get("posts").ForeignKeys[0].Deferrable = true }, say: "change foreign key"},
	{name: "foreign key to a unique column", change: func(ts *tables) {
		ts.add("posts", null(col("writer", schema.Text)))
		ts.get("posts").ForeignKeys = append(ts.get("posts").ForeignKeys, schema.ForeignKey{Name: "fk_w", Columns: []string{"writer", "n"}, RefTable: "users", RefColumns: []string{"name", "big"}})
		ts.add("users", def(col("big", schema.Int64), "1"))
		ts.get("users").Uniques = append(ts.get("users").Uniques, schema.Unique{Name: "uq_two", Columns: []string{"name", "big"}})
	}, say: "add foreign key fk_w"},

	{name: "rename column", change: func(ts *tables) { ts.col("posts.title").Name = "headline" }, o: autogen.Options{Rename: []string{"posts.title=posts.headline"}}, say: "rename column posts.title to headline", after: []string{"SELECT headline FROM posts ORDER BY id", "a,b,c"}},
	{name: "rename by was", change: func(ts *tables) { ts.col("posts.title").Name, ts.col("posts.title").Was = "headline", "title" }, say: "", after: nil},
	{name: "rename foreign key column", change: func(ts *tables) {
		p := ts.get("posts")
		ts.col("posts.user_id").Name = "author"
		p.ForeignKeys[0] = fk("fk_posts_author_users", "author", "users", schema.Cascade)
		p.Indexes[0] = ix("ix_posts_author", "author")
	}, o: autogen.Options{Rename: []string{"posts.user_id=author"}}, say: "rename column posts.user_id", after: []string{"SELECT author FROM posts ORDER BY id", "1,1,2"}},
	{name: "rename indexed, checked and used", change: func(ts *tables) {
		u := ts.get("users")
		ts.col("users.age").Name = "years"
		ts.col("users.twice").Generated = all("years * 2")
		u.Checks[0].Expr = "years >= 0"
		u.Indexes[0].Terms[0].Column = "years"
	}, o: autogen.Options{Rename: []string{"users.age=users.years"}}, say: "rename column users.age", after: []string{"SELECT years, twice FROM users ORDER BY id", "36|72,NULL|NULL"}},
	{name: "rename referenced table", change: func(ts *tables) {
		ts.get("users").Name = "people"
		ts.get("posts").ForeignKeys[0].RefTable = "people"
	}, o: autogen.Options{Rename: []string{"users=people"}}, say: "rename table users to people", after: []string{"SELECT name FROM people ORDER BY id", "ada,bob"}},
	{name: "rename table and column", change: func(ts *tables) {
		ts.get("tags").Name = "labels"
		ts.col("labels.label").Name = "text"
	}, o: autogen.Options{Rename: []string{"tags=labels", "tags.label=labels.text"}}, say: "rename table tags to labels", after: []string{"SELECT code, text FROM labels ORDER BY code", "go|Go,sql|NULL"}},

	{name: "generated in another way", change: func(ts *tables) { ts.col("users.twice").Generated = all("age * 3") }, say: "generated as age * 3", after: []string{"SELECT twice FROM users ORDER BY id", "108,NULL"}},
	{name: "generated no longer", change: func(ts *tables) { ts.col("users.twice").Generated, ts.col("users.twice").Nullable = nil, true }, say: "a plain column"},
	{name: "everything at once", change: func(ts *tables) {
		*ts = append(*ts, &schema.Table{Name: "orders", Key: []string{"id"}, Columns: []*schema.Column{id(), col("u", schema.Int64)}, ForeignKeys: []schema.ForeignKey{fk("fk_orders_u", "u", "users", "")}})
		ts.drop("tags")
		ts.add("users", null(col("order_id", schema.Int64)), def(col("level", schema.Int32), "1"))
		u := ts.get("users")
		u.ForeignKeys = []schema.ForeignKey{fk("fk_users_order", "order_id", "orders", schema.SetNull)}
		u.Uniques = append(u.Uniques, schema.Unique{Name: "uq_users_code", Columns: []string{"code"}})
		ts.col("users.code").Type.SQL = schema.PerBackend{"postgres": "varchar(60)", "sqlite": "VARCHAR(60)"}
		ts.col("posts.body").Nullable = false
		ts.col("posts.body").Default = lit(schema.Text, "?")
		u.Indexes = nil
		ts.dropCol("users.bio")
	}, o: autogen.Options{AllowDrop: true}, say: "create table orders", lossy: true},
}

// twice is nullable: its source is.
func init() {
	for i := range matrix {
		f := matrix[i].change
		matrix[i].change = func(ts *tables) {
			f(ts)
			for _, t := range *ts {
				if c := t.Column("twice"); c != nil {
					c.Nullable = true
				}
			}
		}
	}
}

// start is base after the same.
func start() tables {
	ts := base()
	ts.col("users.twice").Nullable = true
	return ts
}

// Each change leads up, is then no change any more, and leads down to what was before;
// the rows that it does not drop are there at both ends. Planned without the database it
// is the same script.
func TestMatrix(t *testing.T) {
	both(t, func(t *testing.T, p *place) {
		for _, c := range matrix {
			t.Run(c.name, func(t *testing.T) {
				q := *p
				q.TB, q.dir, q.applied = t, t.TempDir()+"/m", nil
				q.row(c)
			})
		}
	})
}

func (p *place) row(c change) {
	p.Helper()
	from, to := start(), start()
	c.change(&to)
	first := p.options(from)
	first.DB, first.Dialects = nil, []string{p.dialect.String()}
	p.make(first)
	defer p.down()
	must(p, p.run(seeds...))
	before := p.dump(from)

	o := c.o
	o.Models, o.DB, o.Dir, o.Now = to, p, p.dir, time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	offline := o
	offline.DB = nil
	planned, err := autogen.Plan(p.Context(), offline)
	must(p, err)
	r := p.make(o)
	if c.say == "" && !strings.Contains("rename by was generated from another type the key's type", c.name) {
		if len(r.Changes) > 0 {
			p.Errorf("%q, want no change", r.Changes)
		}
		return
	}
	if said := strings.Join(r.Changes, "\n"); !strings.Contains(said, c.say) {
		p.Errorf("says %q, want %q in it", said, c.say)
	}
	if len(r.Files) == 0 { // the same type on this database
		if p.dialect == dialect.Postgres {
			p.Error("no script")
		}
		return
	}
	f := p.parse(r)
	if !r.Files[0].Verified {
		p.Error("not verified")
	}
	if g, err := migrate.Parse(planned.Files[0].Path, planned.Files[0].Text); err != nil || !slices.Equal(sqlOf(g.Up), sqlOf(f.Up)) {
		p.Errorf("planned without a database (%v):\n%s\nwith one:\n%s", err, strings.Join(sqlOf(g.Up), "\n"), strings.Join(sqlOf(f.Up), "\n"))
	}
	again := o
	again.Rename = nil
	if r, err := autogen.Plan(p.Context(), again); err != nil || len(r.Changes) > 0 {
		p.Errorf("again: %v %+v", err, r)
	}
	for i := 0; i+1 < len(c.after); i += 2 {
		if got := strings.Join(p.rows(c.after[i]), ","); got != c.after[i+1] {
			p.Errorf("%s: %s, want %s", c.after[i], got, c.after[i+1])
		}
	}
	if c.before != "" {
		must(p, p.run(c.before))
	}
	p.down()
	must(p, os.Remove(r.Files[0].Path))
	p.same(from, "back")
	if after := p.dump(from); !c.lossy && !slices.Equal(after, before) {
		p.Errorf("rows before:\n%s\nafter:\n%s\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"), f.Text)
	}
	if !c.lossy { // the database still makes keys
		must(p, p.run("INSERT INTO posts (user_id, title) VALUES (1, 'again')"))
	}
}

// dump is the rows of all tables.
func (p *place) dump(ts tables) (out []string) {
	for _, t := range ts {
		var names []string
		for _, c := range t.Columns {
			names = append(names, dialect.Quote(c.Name))
		}
		out = append(out, t.Name)
		out = append(out, p.rows("SELECT "+strings.Join(names, ", ")+" FROM "+dialect.Quote(t.Name)+" ORDER BY 1")...)
	}
	return out
}
