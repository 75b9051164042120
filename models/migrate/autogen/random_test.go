package autogen_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
	"github.com/spillwaydb/spillway/models/migrate/autogen"
	"pgregory.net/rapid"
)

// names that are awkward somewhere.
var awkward = []string{"a", "b", "order", "Mixed", "with blank", "dash-ed", "näme", `quo"te`, "select", "x1", "check", "a_b"}

var kinds = []schema.Kind{schema.Bool, schema.Int16, schema.Int32, schema.Int64, schema.Float32, schema.Float64, schema.Text, schema.Bytes, schema.Time, schema.UUID, schema.JSON, schema.Other}

// drawColumn draws a column that is no key.
func drawColumn(t *rapid.T, name string) *schema.Column {
	c := col(name, rapid.SampledFrom(kinds).Draw(t, "kind"))
	c.Nullable = rapid.Bool().Draw(t, "nullable")
	if c.Type.Kind == schema.Other {
		n := rapid.SampledFrom([]string{"(10)", "(20)"}).Draw(t, "length")
		c.Type.SQL = schema.PerBackend{"postgres": "varchar" + n, "sqlite": "VARCHAR" + n}
	}
	switch rapid.IntRange(0, 3).Draw(t, "default") {
	case 0:
		switch c.Type.Kind {
		case schema.Bool:
			def(c, rapid.SampledFrom([]string{"true", "false"}).Draw(t, "b"))
		case schema.Int16, schema.Int32, schema.Int64:
			def(c, rapid.SampledFrom([]string{"0", "-7", "15"}).Draw(t, "i"))
		case schema.Float32, schema.Float64:
			def(c, rapid.SampledFrom([]string{"0.5", "-2", "3"}).Draw(t, "f"))
		case schema.Text, schema.Other:
			def(c, rapid.SampledFrom([]string{"", "it's", "15", "a;b", "--", "NULL"}).Draw(t, "s"))
		}
	case 1:
		if c.Type.Kind == schema.Time {
			c.Server = all("now()")
		}
	}
	return c
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// drawTable draws a table that may refer to those before it.
func drawTable(t *rapid.T, name string, before tables) *schema.Table {
	x := &schema.Table{Name: name, Key: []string{"id"}, Columns: []*schema.Column{id()}}
	if rapid.IntRange(0, 4).Draw(t, "natural") == 0 {
		x.Columns[0] = col("id", rapid.SampledFrom([]schema.Kind{schema.Text, schema.Int64, schema.UUID}).Draw(t, "key"))
	}
	names := rapid.SliceOfNDistinct(rapid.SampledFrom(awkward), 1, 5, rapid.ID[string]).Draw(t, "columns")
	for _, n := range names {
		x.Columns = append(x.Columns, drawColumn(t, n))
	}
	for _, n := range names {
		c := x.Column(n)
		part := rapid.IntRange(0, 9).Draw(t, "part")
		index := schema.Index{Name: fmt.Sprintf("ix %s.%s", name, n), Terms: []schema.Term{{Column: n, Desc: rapid.Bool().Draw(t, "desc")}}}
		switch {
		case c.Type.Kind == schema.JSON:
		case part == 0:
			x.Uniques = append(x.Uniques, schema.Unique{Name: "uq_" + name + "_" + n, Columns: []string{n}})
		case part == 1:
			index.Unique = rapid.Bool().Draw(t, "unique")
			if rapid.Bool().Draw(t, "partial") {
				index.Where = quote(n) + " IS NOT NULL"
			}
			x.Indexes = append(x.Indexes, index)
		case part == 2:
			x.Checks = append(x.Checks, schema.Check{Name: "ck_" + name + "_" + n, Expr: rapid.SampledFrom([]string{"%s IS NOT NULL OR id IS NOT NULL", "(%s) IS NULL OR (id IS NOT NULL)"}).Draw(t, "check")})
			x.Checks[len(x.Checks)-1].Expr = fmt.Sprintf(x.Checks[len(x.Checks)-1].Expr, quote(n))
		case part == 3 && len(before) > 0:
			ref := rapid.SampledFrom(before).Draw(t, "ref")
			c.Type, c.Default, c.Server = ref.Column("id").Type, nil, nil
			x.ForeignKeys = append(x.ForeignKeys, schema.ForeignKey{
				Name: "fk_" + name + "_" + n, Columns: []string{n}, RefTable: ref.Name, RefColumns: []string{"id"},
				OnDelete:   rapid.SampledFrom([]schema.Action{"", schema.Cascade, schema.Restrict, schema.NoAction}).Draw(t, "on"),
				Deferrable: rapid.Bool().Draw(t, "deferrable"),
			})
		case part == 4:
			x.Columns = append(x.Columns, generated("gen "+n, schema.Bool, quote(n)+" IS NULL"))
		}
	}
	return x
}

func drawTables(t *rapid.T) (ts tables) {
	for _, n := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"t", "users", "Group", "a b", "ä"}), 0, 3, rapid.ID[string]).Draw(t, "tables") {
		ts = append(ts, drawTable(t, n, ts))
	}
	return ts
}

// Whatever the models were and whatever they become: the migration between them is found,
// leads there, leaves nothing to do, and leads back.
func TestAnyModelsToAnyOthers(t *testing.T) {
	both(t, func(t *testing.T, p *place) {
		if f := flag.Lookup("rapid.checks"); p.dialect == dialect.Postgres && f.Value.String() == f.DefValue {
			must(t, flag.Set(f.Name, "20")) // each takes about a second there
			t.Cleanup(func() { _ = flag.Set(f.Name, f.DefValue) })
		}
		dir, n := t.TempDir(), 0
		rapid.Check(t, func(r *rapid.T) {
			from, to := drawTables(r), drawTables(r)
			n++
			q := *p
			q.dir, q.applied = fmt.Sprintf("%s/%d", dir, n), nil
			fail := func(err error, what string) {
				if err != nil {
					r.Fatalf("%s: %v", what, err)
				}
			}
			options := func(ts tables) autogen.Options {
				o := q.options(ts)
				o.AllowDrop, o.Now = true, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
				var ask *autogen.QuestionsError
				if _, err := autogen.Plan(t.Context(), o); errors.As(err, &ask) {
					for _, x := range ask.Questions { // there are no rows
						o.Fill = append(o.Fill, x.Table+"."+x.Column+"=sql:NULL")
					}
				}
				return o
			}
			var undo [][]string
			defer func() {
				for _, down := range slices.Backward(undo) {
					fail(q.run(down...), "down")
				}
				_ = os.RemoveAll(q.dir)
			}()
			for i, ts := range []tables{from, to, from} {
				res, err := autogen.Create(t.Context(), options(ts))
				fail(err, fmt.Sprintf("create %d", i))
				if len(res.Files) == 0 {
					continue
				}
				f := q.parse(res)
				fail(q.run(sqlOf(f.Up)...), "up\n"+f.Text)
				undo = append(undo, sqlOf(f.Down))
				again, err := autogen.Plan(t.Context(), options(ts))
				fail(err, "again")
				if len(again.Changes) > 0 || !res.Files[0].Verified {
					r.Fatalf("after\n%s\nthis is left: %q", f.Text, again.Changes)
				}
				// From the files alone there is nothing to do either.
				o := options(ts)
				o.DB = nil
				if off, err := autogen.Plan(t.Context(), o); err != nil || len(off.Changes) > 0 {
					r.Fatalf("without the database: %v %+v", err, off)
				}
			}
		})
	})
}
