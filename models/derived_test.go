package models_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/models"
)

func TestDerivedTables(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		fill(t, db)
		ctx := t.Context()
		title := models.Select1(models.Col(&bestT.Title)).Where(models.Eq(&bestT.N, 1)).OrderBy(models.Asc(&bestT.Title))
		best := models.Derive(bestT, ranked())
		check(t, db, "cte", title.WithCTE(best), "b1", "c2")
		check(t, db, "from a query", title.FromQuery(best), "b1", "c2")
		rows, err := models.All(ctx, db, models.From(bestT).FromQuery(best).OrderBy(models.Asc(&bestT.AuthorID), models.Asc(&bestT.N)))
		if err != nil || len(rows) != 3 || rows[2].Title != "c1" || rows[2].N != 2 {
			t.Errorf("rows of a derived table: %v, %v", rows, err)
		}
		s := models.NewSession(db, "")
		defer s.Close()
		if rows, err := models.All(ctx, s, models.From(bestT).FromQuery(best)); len(rows) != 3 || err != nil {
			t.Errorf("in a session: %v, %v", rows, err)
		}
		if rows, err := drain(ctx, db, models.From(bestT).FromQuery(best).Chunk(2)); len(rows) != 3 || err != nil {
			t.Errorf("each: %v, %v", rows, err)
		}
		s.Add(&Post{Title: "b0", AuthorID: rows[0].AuthorID, Views: 99})
		check(t, s, "pending rows are seen", title.WithCTE(best), "b0", "c2")
		check(t, db, "left join", models.Select1(models.Coalesce(models.Col(&bestT.Title), "none")).From(userT).
			LeftJoinQuery(best, models.EqCol(&bestT.AuthorID, &userT.ID), models.Eq(&bestT.N, 1)).OrderBy(models.Asc(&userT.ID)), "none", "b1", "c2")
		steps, err := models.All(ctx, db, models.From(stepT).WithCTE(countTo(3)).OrderBy(models.Asc(&stepT.ID)))
		if err != nil || len(steps) != 4 || *steps[3] != (Step{3, 1000}) {
			t.Errorf("recursive: %v, %v", steps, err)
		}
		if n, err := models.Count(ctx, db, models.From(stepT).WithCTE(countTo(15))); n != 16 || err != nil {
			t.Errorf("count of a cte: %d, %v", n, err)
		}
		if yes, err := models.Exists(ctx, db, models.From(stepT).WithCTE(countTo(1)).Where(models.Gt(&stepT.ID, 1))); yes || err != nil {
			t.Errorf("exists in a cte: %t, %v", yes, err)
		}
		if backendOf(t) == "postgres" {
			newest := models.Derive(bestT, models.SelectAs[Best](&postT.AuthorID, &postT.Title, models.Val(int64(1)).As("n")).
				Where(models.EqCol(&postT.AuthorID, &userT.ID)).OrderBy(models.Desc(&postT.ID)).Limit(1))
			check(t, db, "lateral", models.Select1(models.Col(&bestT.Title)).From(userT).JoinLateral(newest).OrderBy(models.Asc(&userT.ID)), "b1", "c2")
		}
	})
}

func TestWindows(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		fill(t, db)
		w := models.Window{}.OrderBy(models.Asc(&postT.ID))
		views := models.Col(&postT.Views)
		by := func(e models.Expr[int64]) models.Query[int64] {
			return models.Select1(e).From(postT).OrderBy(models.Asc(&postT.ID))
		}
		check(t, db, "row number", by(models.RowNumber().Over(models.PartitionBy(&postT.AuthorID).OrderBy(models.Desc(&postT.Views)))), 1, 2, 1)
		check(t, db, "running total", models.Select1(views.Sum().Over(w)).OrderBy(models.Asc(&postT.ID)), 1, 6, 13)
		check(t, db, "moving total", models.Select1(views.Sum().Over(w.Rows(1, 0))).OrderBy(models.Asc(&postT.ID)), 1, 6, 12)
		check(t, db, "lag", models.Select1(models.Coalesce(models.Lag(views, 1).Over(w), -1)).OrderBy(models.Asc(&postT.ID)), -1, 1, 5)
		check(t, db, "lead", models.Select1(models.Coalesce(models.Lead(views, 2).Over(w), -1)).OrderBy(models.Asc(&postT.ID)), 7, -1, -1)
		check(t, db, "filter", by(models.CountRows().Filter(models.Gt(&postT.Views, 1)).Over(models.Window{})), 2, 2, 2)
	})
}

func TestCombinedQueries(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		fill(t, db)
		ctx := t.Context()
		name, title := models.Select1(models.Col(&userT.Username)), models.Select1(models.Col(&postT.Title))
		check(t, db, "union", models.Union(title, title, name.Where(models.Eq(&userT.Username, "bob"))).OrderBy(models.Desc(&postT.Title)).Limit(3), "c2", "c1", "bob")
		check(t, db, "except of a union", models.Except(models.Union(title, name), name).OrderBy(models.Asc(&postT.Title)), "b1", "c1", "c2")
		check(t, db, "intersect", models.Intersect(title, title.Where(models.Gt(&postT.Views, 5))), "c2")
		first := title.OrderBy(models.Asc(&postT.ID)).Limit(1)
		check(t, db, "union all of limited queries", models.UnionAll(first, first), "b1", "b1")
		if n, err := models.Count(ctx, db, models.Union(title, title)); n != 3 || err != nil {
			t.Errorf("count: %d, %v", n, err)
		}
		s := models.NewSession(db, "")
		defer s.Close()
		us, err := models.All(ctx, s, models.Union(models.From(userT).Where(models.Eq(&userT.Username, "ada")), models.From(userT).Where(models.Eq(&userT.Score, 1))).OrderBy(models.Desc(&userT.ID)))
		if backendOf(t) == "postgres" && err != nil && strings.Contains(err.Error(), "json") {
			t.Fatal(err)
		}
		if err != nil || len(us) != 2 || us[0].Username != "bob" {
			t.Errorf("objects: %v, %v", us, err)
		}
		s.Add(&Tag{Name: "pending"})
		check(t, s, "pending rows are seen", models.Union(title.Limit(0), models.Select1(models.Col(&tagT.Name)).Where(models.Eq(&tagT.Name, "pending"))), "pending")
	})
}

func TestJSONPath(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		u := newUser("x")
		u.Settings = map[string]any{"s": "text", "n": 7.9, "b": true, "null": nil, "list": []any{1, 2, "three"}, "in": map[string]any{"a.b": 5, "ü": "ö"}}
		if _, err := models.Exec(ctx, db, models.Insert(u)); err != nil {
			t.Fatal(err)
		}
		path := func(keys ...any) models.JSONPath { return models.Path(&userT.Settings, keys...) }
		text := func(keys ...any) string {
			t.Helper()
			v, err := models.One(ctx, db, models.Select1(models.Nullable(path(keys...).Text())))
			if err != nil {
				t.Error(keys, err)
			}
			if v == nil {
				return "NULL"
			}
			return *v
		}
		var got []string
		for _, p := range [][]any{{"s"}, {"n"}, {"b"}, {"null"}, {"list", 0}, {"list", -1}, {"list", 9}, {"in", "a.b"}, {"in", "ü"}, {"none"}, {"s", "deeper"}} {
			got = append(got, text(p...))
		}
		if s := fmt.Sprint(got); s != "[text 7.9 true NULL 1 three NULL 5 ö NULL NULL]" {
			t.Error(s)
		}
		count := func(want int64, cs ...models.Cond) {
			t.Helper()
			if n, err := models.Count(ctx, db, models.From(userT).Where(cs...)); n != want || err != nil {
				t.Errorf("%d, want %d; %v", n, want, err)
			}
		}
		count(1, path("n").Int().Eq(7), path("n").Float().Eq(7.9), path("b").Bool().Eq(true), path("in", "a.b").Int().Plus(1).Eq(6))
		count(1, path("s").Int().IsNull(), path("s").Bool().IsNull(), path("b").Float().IsNull(), path("null").Exists(), models.Not(path("none").Exists()))
		count(0, path("b").Bool().Eq(false))
	})
}

func TestDerivedMistakes(t *testing.T) {
	db := open(t, "sqlite::memory:", blog)
	name, title := models.Select1(models.Col(&userT.Username)), models.Select1(models.Col(&postT.Title))
	best := models.Derive(bestT, ranked())
	both := models.Union(name, title)
	alias := models.Alias(bestT, "again")
	for _, c := range []struct {
		q    models.QueryText
		want string
	}{
		{models.AsText(models.From(bestT)), "best is derived from a query, which is missing"},
		{models.AsText(models.From(userT).JoinQuery(best)), "a query has no foreign key: give a condition"},
		{models.AsText(models.From(userT).JoinQuery(countTo(3), models.And())), "a recursive query needs a name: use WithCTE"},
		{models.AsText(models.From(userT).JoinQuery(models.Derivation{}, models.And())), "a zero Derivation"},
		{models.AsText(models.From(userT).WithCTE(models.Derivation{})), "a zero Derivation"},
		{models.AsText(models.From(userT).JoinLateral(best)), "sqlite has no LATERAL: number the rows"},
		{models.AsText(models.From(userT).WithCTE(models.Derive(userT, models.Query[User]{}))), "users is a table of the database"},
		{models.AsText(models.From(stepT).WithCTE(models.Derive(stepT, models.SelectAs[Step](&userT.ID)))), "the query does not give depth of steps"},
		{models.AsText(models.From(alias).WithCTE(models.Derive(alias, ranked()))), "not an alias"},
		{models.AsText(models.From(bestT).WithCTE(best, best)), "there are two common table expressions best"},
		{models.AsText(models.From(bestT).WithCTE(models.DeriveRecursive(bestT, ranked(), ranked().Limit(1)))), "the recursive part of best can have no"},
		{models.AsText(models.Delete(bestT).Everywhere()), "best is derived from a query and can not be changed"},
		{models.AsText(models.Select1(models.RowNumber()).From(userT)), "ROW_NUMBER needs a window: add Over"},
		{models.AsText(models.Select1(models.Col(&userT.ID).Over(models.Window{}))), "Over belongs to a function"},
		{models.AsText(models.Select1(models.NTile(0).Over(models.Window{})).From(userT)), "want 1 or more"},
		{models.AsText(models.Select1(models.Rank().Over(models.Window{}.Rows(-2, 0))).From(userT)), "Rows: -2 rows"},
		{models.AsText(models.Select1(models.Rank().Over(models.PartitionBy(7))).From(userT)), "int names no column"},
		{models.AsText(both.Where(models.Eq(&userT.ID, 1))), "Where does not fit a Union"},
		{models.AsText(both.Join(postT)), "Join does not fit a Union"},
		{models.AsText(both.ForUpdate()), "ForUpdate does not fit a Union"},
		{models.AsText(both.OrderBy(models.Asc(&userT.Email))), "OrderBy of a Union, Intersect or Except takes columns"},
		{models.AsText(models.Union(name, models.Raw[string]("SELECT 1"))), "Union does not fit"},
		{models.AsText(models.Union(models.SelectAs[Summary](&userT.Username), models.SelectAs[Summary](models.CountRows().As("posts")))), "query 2 does not have the columns of the first"},
		{models.AsText(models.Select1(models.Path(&userT.Email, "x").Text())), "User.Email is text, not JSON"},
		{models.AsText(models.Select1(models.Path(&userT.Settings).Text())), "without a name or index"},
		{models.AsText(models.Select1(models.Path(&userT.Settings, 1.5).Text())), "float64 is neither a name"},
		{models.AsText(models.Select1(models.Path(&userT.Settings, `a"b`).Text())), "sqlite has no path"},
		{models.AsText(models.From(userT).DistinctOn(&userT.ID)), "sqlite has no DISTINCT ON"},
	} {
		if err := c.q.Run(t.Context(), db); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	if models.Derived[Best]("best") != bestT {
		t.Error("a derived table is not the same when asked for again")
	}
}
