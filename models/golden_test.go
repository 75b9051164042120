package models_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/models"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden is a query with a name for the golden files.
type golden struct {
	name string
	q    models.QueryText
}

// goldenFiles are the queries whose text is kept, by the name of the file. Each is also
// carried out, see TestGoldenQueriesRun.
func goldenFiles() map[string][]golden {
	return map[string][]golden{"queries": goldenQueries(), "expressions": goldenExpressions(), "writes": goldenWrites(), "shapes": goldenShapes(), "derived": goldenDerived(), "arrays": goldenArrays(), "joins": append(goldenJoins(), goldenOars()...)}
}

// TestSQL keeps the text of queries in golden files, one per dialect. What a dialect
// refuses is kept as its message.
func TestSQL(t *testing.T) {
	for name, queries := range goldenFiles() {
		for _, d := range []dialect.Dialect{dialect.Postgres, dialect.SQLite} {
			var b strings.Builder
			for _, c := range queries {
				text, err := c.q.SQL(d)
				if err != nil {
					text = "error: " + err.Error()
				}
				fmt.Fprintf(&b, "-- %s\n%s\n", c.name, text)
			}
			file := "testdata/" + name + "." + d.String() + ".sql"
			if *update {
				if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("%s differs (go test -update writes it anew); got:\n%s", file, b.String())
			}
		}
	}
}

// TestGoldenQueriesRun carries out on both databases what is in the golden files, unless
// the dialect refuses it.
func TestGoldenQueriesRun(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		fill(t, db)
		for file, queries := range goldenFiles() {
			switch file {
			case "arrays", "joins": // of other tables, see TestArrayOperators and TestGoldenJoinsRun
			default:
				runGolden(t, db, file, queries)
			}
		}
	})
}

func runGolden(t *testing.T, db *models.Engine, file string, queries []golden) {
	t.Helper()
	d, _ := dialect.ByName(backendOf(t))
	for _, c := range queries {
		if _, err := c.q.SQL(d); err != nil {
			continue // the golden file says why
		}
		s := models.NewSession(db, "golden") // takes back what is written
		if err := c.q.Run(t.Context(), s); err != nil {
			t.Errorf("%s, %s: %v", file, c.name, err)
		}
		s.Close()
	}
}

func goldenQueries() []golden {
	boss := models.Alias(userT, "boss")
	u := models.From(userT)
	return []golden{
		{"from", models.AsText(u)},
		{"where", models.AsText(u.Where(models.Eq(&userT.Active, true), models.Contains(&userT.Username, "a")).OrderBy(models.Desc(&userT.CreatedAt)).Limit(10))},
		{"offset", models.AsText(u.Offset(3))},
		{"null", models.AsText(u.Where(models.Eq(&userT.FullName, nil), models.Ne(models.Opt(&userT.FullName), "x")))},
		{"in", models.AsText(u.Where(models.Or(models.In(&userT.ID, 1, 2), models.NotIn(&userT.Username, "a")), models.In(&userT.Score, 1, 2)))},
		{"text", models.AsText(u.Where(models.Like(&userT.Email, "%a"), models.ILike(&userT.Email, "a"), models.HasPrefix(&userT.Email, "a"), models.HasSuffix(&userT.Email, "a")))},
		{"between, not", models.AsText(u.Where(models.Not(models.Between(&userT.Score, 1, 2))))},
		{"join by the only key", models.AsText(u.Join(postT).Where(models.Eq(&postT.Title, "x")))},
		{"left join of an alias", models.AsText(u.LeftJoin(boss, models.EqCol(&boss.ID, &userT.ID)))},
		{"groups", models.AsText(models.Select3(models.Col(&userT.Username), models.CountOf(&postT.ID).As("n"), models.Avg(&postT.Views)).
			Join(postT).GroupBy(&userT.Username).Having(models.CountOf(&postT.ID).Gt(2)).OrderBy(models.CountOf(&postT.ID).Desc()).Limit(5))},
		{"aggregates", models.AsText(models.Select4(models.Coalesce(models.Sum(&postT.Views), 0), models.Sum(&userT.Score), models.CountDistinct(&postT.Title), models.Max(&postT.Title)).Join(userT).Distinct())},
		{"rows", models.AsText(models.Select1(models.CountRows()).From(userT))},
		{"update", models.AsText(models.Update(userT).Set(models.To(&userT.Active, false), models.To(&userT.FullName, nil)).Where(models.Eq(&userT.ID, 1)))},
		{"delete", models.AsText(models.Delete(postTagT).Where(models.Eq(&postTagT.Tag, "x")))},
	}
}
