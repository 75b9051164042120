package autogen_test

import (
	"testing"

	"github.com/spillwaydb/spillway/internal/schema"
)

func lit(k schema.Kind, text string) *schema.Literal { return &schema.Literal{Kind: k, Text: text} }

func all(sql string) schema.PerBackend { return schema.PerBackend{"": sql} }

func id() *schema.Column {
	return &schema.Column{Name: "id", Type: schema.Type{Kind: schema.Int64}, Auto: true}
}

func col(name string, k schema.Kind) *schema.Column {
	return &schema.Column{Name: name, Type: schema.Type{Kind: k}}
}

func null(c *schema.Column) *schema.Column { c.Nullable = true; return c }

func def(c *schema.Column, text string) *schema.Column {
	c.Default = lit(c.Type.Kind, text)
	return c
}

// rich are tables with everything that models can say.
func rich() []*schema.Table {
	typed := func(name, pg, lite string) *schema.Column {
		return &schema.Column{Name: name, Type: schema.Type{Kind: schema.Other, SQL: schema.PerBackend{"postgres": pg, "sqlite": lite}}}
	}
	return []*schema.Table{
		{
			Name: "users", Key: []string{"id"},
			Columns: []*schema.Column{
				id(), def(col("name", schema.Text), `it's; -- "me" \x`), null(col("nick", schema.Text)), def(col("active", schema.Bool), "true"),
				def(col("score", schema.Float64), "-1.5"), col("ratio", schema.Float32), col("small", schema.Int16), def(col("mid", schema.Int32), "15"),
				col("photo", schema.Bytes), null(col("born", schema.Time)), col("token", schema.UUID), def(col("settings", schema.JSON), `{"a": 1}`),
				null(col("favourite", schema.Int64)),
				{Name: "labels", Type: schema.Type{Kind: schema.Array, Elem: schema.Text}},
				typed("price", "decimal(10, 2)", "DECIMAL(10, 2)"), typed("code", "varchar(40)", "VARCHAR(40)"), typed("seen", "timestamptz(3)", "TIMESTAMP"),
				def(null(col("empty", schema.Text)), ""), def(col("digits", schema.Text), "15"), def(col("truth", schema.Text), "true"), def(col("nothing", schema.Text), "NULL"),
			},
			Uniques: []schema.Unique{{Name: "uq_users_name", Columns: []string{"name"}}, {Name: "Two Of Them", Columns: []string{"small", "mid"}}},
			Checks: []schema.Check{
				{Name: "ck_users_mid", Expr: "mid >= 0 AND (mid < 1000 OR active)"},
				{Name: "ck_users_nick_enum", Expr: `"nick" IN ('a', 'it''s', 'check (b)')`},
			},
			ForeignKeys: []schema.ForeignKey{{Name: "fk_users_favourite_posts", Columns: []string{"favourite"}, RefTable: "posts", RefColumns: []string{"id"}, OnDelete: schema.SetNull}},
			Indexes: []schema.Index{
				{Name: "ix_users_born", Terms: []schema.Term{{Column: "born", Desc: true}, {Column: "small"}}, Where: "active"},
				{Name: "uq_users_lower", Unique: true, Terms: []schema.Term{{Expr: "lower(name)"}, {Column: "digits"}}},
			},
		},
		{
			Name: "posts", Key: []string{"id"},
			Columns: []*schema.Column{
				id(), col("author_id", schema.Int64),
				{Name: "at", Type: schema.Type{Kind: schema.Time}, Server: all("now()")},
				{Name: "double", Type: schema.Type{Kind: schema.Int64}, Generated: all("author_id * 2")},
				col(`odd"name`, schema.Text), col("Mixed Case-näme", schema.Text),
				{Name: "serial_no", Type: schema.Type{Kind: schema.Text}, Server: schema.PerBackend{"postgres": "md5('x'::text) || 'y'", "sqlite": "hex(randomblob(4))"}},
			},
			Checks: []schema.Check{{Name: "ck_posts_author_id", Expr: "author_id > 0"}},
			ForeignKeys: []schema.ForeignKey{{
				Name: "fk posts-author", Columns: []string{"author_id"}, RefTable: "users", RefColumns: []string{"id"},
				OnDelete: schema.Cascade, OnUpdate: schema.NoAction, Deferrable: true,
			}},
			Indexes: []schema.Index{{Name: "ix_posts_author_id", Terms: []schema.Term{{Column: "author_id"}, {Column: `odd"name`, Desc: true}}}},
		},
		{
			Name: "post_tags", Key: []string{"post_id", "tag"},
			Columns:     []*schema.Column{col("post_id", schema.Int64), col("tag", schema.Text), def(col("order", schema.Int64), "0")},
			ForeignKeys: []schema.ForeignKey{{Name: "fk_post_tags_post_id_posts", Columns: []string{"post_id"}, RefTable: "posts", RefColumns: []string{"id"}}},
		},
		{
			Name: "notes", Key: []string{"id"},
			Columns: []*schema.Column{id(), col("post_id", schema.Int64), col("tag", schema.Text), null(col("parent", schema.Int64))},
			ForeignKeys: []schema.ForeignKey{
				{Name: "fk_notes_tag", Columns: []string{"post_id", "tag"}, RefTable: "post_tags", RefColumns: []string{"post_id", "tag"}, OnDelete: schema.Restrict},
				{Name: "fk_notes_parent_notes", Columns: []string{"parent"}, RefTable: "notes", RefColumns: []string{"id"}},
			},
		},
	}
}

// What CreateTables makes is what the models say, and what the first migration makes is
// the same: no difference is left, whatever the tables hold.
func TestNothingToDoAfterCreateTables(t *testing.T) {
	both(t, func(t *testing.T, p *place) {
		p.create(rich())
		p.same(rich(), "created")
		if r := p.make(p.options(rich())); len(r.Changes) > 0 {
			t.Errorf("%q", r.Changes)
		}
	})
}

func TestFirstMigrationMakesWhatCreateTablesMakes(t *testing.T) {
	both(t, func(t *testing.T, p *place) {
		r := p.make(p.options(rich()))
		if len(r.Files) != 1 || !r.Files[0].Verified {
			t.Fatalf("%+v", r)
		}
		p.same(rich(), "migrated")
		if again := p.make(p.options(rich())); len(again.Changes) > 0 {
			t.Errorf("again: %q", again.Changes)
		}
		p.down()
		p.same(nil, "taken back")
		p.create(rich()) // nothing is in its way
	})
}
