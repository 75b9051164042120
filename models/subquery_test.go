package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/models"
)

// check compares the only column of a query with what it should be.
func check[V comparable](t *testing.T, db models.Handle, name string, q models.Query[V], want ...V) {
	t.Helper()
	got, err := models.All(t.Context(), db, q)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", name, got, want)
	}
}

func TestExpressions(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		fill(t, db)
		bob := models.Eq(&userT.Username, "bob")
		id, name, score := models.Col(&userT.ID), models.Col(&userT.Username), models.Col(&userT.Score)
		num := func(n string, e models.Expr[int64], want int64) {
			t.Helper()
			check(t, db, n, models.Select1(e).From(userT).Where(bob), want)
		}
		num("plus", id.Minus(0).Minus(2), 0)
		num("the order of operations", id.Plus(3).Times(4).Minus(1), 19)
		num("div cuts off", id.Neg().Minus(5).Div(2), -3)
		num("mod has the sign of the left", id.Neg().Minus(5).Mod(4), -3)
		num("length in characters", models.Length(name.Concat("é")), 4)
		num("cast cuts off", models.Cast[int64](score.Neg().Minus(0.75)), -1)
		num("cast of a bool", models.Cast[int64](models.Col(&userT.Active)), 0)
		num("func", models.Func[int64]("length", "four"), 4)
		num("case", models.Case(models.When(bob, int64(2)), models.When(bob, int64(3))).Else(4), 2)
		check(t, db, "round", models.Select1(models.Round(score.Plus(1.125), 2)).Where(bob), 2.13)
		check(t, db, "round a half, away from zero", models.Select1(models.Round(score.Minus(3.5), 0)).Where(bob), -3)
		check(t, db, "abs", models.Select1(models.Abs(score.Neg())).Where(bob), 1)
		check(t, db, "texts", models.Select1(models.Upper(models.Concat(name, models.Val("?"), models.Lower(models.Val("X"))))).Where(bob), "BOB?X")
		check(t, db, "coalesce", models.Select1(models.CoalesceExpr(models.Col(models.Opt(&userT.FullName)), name)).OrderBy(models.Asc(&userT.ID)), "ada", "bob", "Cyd_100%")
		check(t, db, "filter", models.Select1(models.CountRows().Filter(models.Gt(&userT.Score, 0))).From(userT), 2)
		check(t, db, "sum of a product", models.Select1(models.Col(&postT.Views).Times(2).Sum()), 26)
		null, err := models.One(t.Context(), db, models.Select1(models.Nullable(models.NullIf(name, "bob"))).Where(bob))
		if null != nil || err != nil {
			t.Errorf("nullif: %v, %v", null, err)
		}
		at := time.Date(2024, 2, 29, 23, 4, 5, 678_000_000, time.FixedZone("", -3600)) // 1 March in UTC
		u := newUser("leap")
		u.CreatedAt = at
		if _, err := models.Exec(t.Context(), db, models.Insert(u)); err != nil {
			t.Fatal(err)
		}
		c := &userT.CreatedAt
		for i, c := range []struct {
			e    models.Expr[int64]
			want int64
		}{
			{models.Year(c), 2024},
			{models.Month(c), 3},
			{models.Day(c), 1},
			{models.Hour(c), 0},
			{models.Minute(c), 4},
			{models.Second(c), 5},
			{models.Weekday(c), 5},
			{models.YearDay(c), 61},
		} {
			check(t, db, fmt.Sprint("date part ", i), models.Select1(c.e).Where(models.Eq(&userT.Username, "leap")), c.want)
		}
	})
}

func TestSubqueries(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		fill(t, db)
		names := models.Select1(models.Col(&userT.Username)).OrderBy(models.Asc(&userT.ID))
		mine := models.From(postT).Where(models.EqCol(&postT.AuthorID, &userT.ID))
		authors := models.Select1(models.Col(&postT.AuthorID))
		count := models.Sub(models.Select1(models.CountRows()).From(postT).Where(models.EqCol(&postT.AuthorID, &userT.ID)))
		check(t, db, "exists", names.Where(models.ExistsIn(mine)), "bob", "Cyd_100%")
		check(t, db, "not exists", names.Where(models.Not(models.ExistsIn(mine))), "ada")
		check(t, db, "in", names.Where(models.InQuery(&userT.ID, authors.Where(models.Gt(&postT.Views, 1)))), "Cyd_100%")
		check(t, db, "not in", names.Where(models.NotInQuery(&userT.ID, authors)), "ada")
		check(t, db, "scalar", names.Where(count.Eq(2)), "Cyd_100%")
		check(t, db, "scalar selected", models.Select1(count).From(userT).OrderBy(count.Desc()), 2, 1, 0)
		check(t, db, "the greatest", models.Select1(models.Col(&postT.Title)).Where(models.Col(&postT.Views).EqExpr(models.Sub(models.Select1(models.Max(&postT.Views))))), "c2")
		// Correlated with the same table, through an alias.
		other := models.Alias(postT, "other")
		better := models.From(other).Where(models.EqCol(&other.AuthorID, &postT.AuthorID), models.Col(&other.Views).GtExpr(models.Col(&postT.Views)))
		check(t, db, "best of each author", models.Select1(models.Col(&postT.Title)).Where(models.Not(models.ExistsIn(better))).OrderBy(models.Asc(&postT.ID)), "b1", "c2")
		if n, err := models.Exec(t.Context(), db, models.Delete(postT).Where(models.InQuery(&postT.AuthorID, models.Select1(models.Col(&userT.ID)).Where(models.Eq(&userT.Username, "bob"))))); n != 1 || err != nil {
			t.Errorf("delete by subquery: %d, %v", n, err)
		}
	})
}

// A session sends what is pending for the tables of a subquery too.
func TestAutoflushSeesSubqueries(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		users := fill(t, db)
		s := models.NewSession(db, "")
		defer s.Close()
		mine := models.ExistsIn(models.From(postT).Where(models.EqCol(&postT.AuthorID, &userT.ID)))
		q := models.Select1(models.Col(&userT.Username)).Where(models.Not(mine))
		check(t, s, "before", q, "ada")
		s.Add(&Post{Title: "first", AuthorID: users[0].ID})
		check(t, s, "after", q)
		s.Add(&Post{Title: "second", AuthorID: users[0].ID})
		check(t, s, "in an expression", models.Select1(models.Sub(models.Select1(models.CountRows()).From(postT)).As("n")).From(userT).Limit(1), 5)
	})
}

func TestSelectAs(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		fill(t, db)
		q := models.SelectAs[Summary](models.Max(&postT.Title).As("last"), &userT.Username, models.CountOf(&postT.ID).As("posts")).
			From(userT).LeftJoin(postT).GroupBy(&userT.Username).OrderBy(models.CountOf(&postT.ID).Asc())
		got, err := models.All(t.Context(), db, q)
		if err != nil || len(got) != 3 || got[0] != (Summary{Username: "ada"}) || got[2].Posts != 2 || *got[2].Last != "c2" {
			t.Errorf("%+v, %v", got, err)
		}
		type settings struct {
			Settings map[string]any `db:",json"`
		}
		if _, err := models.All(t.Context(), db, models.SelectAs[settings](&userT.Settings)); err != nil {
			t.Error(err)
		}
	})
	db := open(t, "sqlite::memory:", blog)
	bad := func(columns ...any) error {
		_, err := models.All(t.Context(), db, models.SelectAs[Summary](columns...))
		return err
	}
	_, noStruct := models.All(t.Context(), db, models.SelectAs[int](&userT.ID))
	for _, c := range []struct {
		err  error
		want string
	}{
		{bad(), "of nothing"},
		{bad(&userT.Email), "there is no field for email; there are last, posts, username"},
		{bad(models.CountRows()), "expression 1 has no name: add As"},
		{bad(&userT.Username, models.Lower(models.Col(&userT.Email)).As("username")), "two expressions are called username"},
		{bad(models.Col(&userT.Username).As("posts")), "Summary.Posts is int64, and the expression posts is string"},
		{bad(7), "int names no column"},
		{bad(models.Expr[int]{}), "a zero Expr"},
		{noStruct, "want a struct"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", c.err, c.want)
		}
	}
}

func TestExpressionMistakes(t *testing.T) {
	db := open(t, "sqlite::memory:", blog)
	name := models.Col(&userT.Username)
	for _, c := range []struct {
		q    models.Query[*User]
		want string
	}{
		{models.From(userT).Where(name.Plus("x").Eq("y")), "Plus is for numbers, not for string"},
		{models.From(userT).Where(models.Col(&userT.ID).Like("y")), "Like is for texts, not for int64"},
		{models.From(userT).Where(models.Col(&userT.Score).Mod(2).Eq(1)), "Mod is for integers"},
		{models.From(userT).Where(models.Expr[int]{}.Plus(2).Eq(1)), "a zero Expr"},
		{models.From(userT).Where(models.Expr[int]{}.Eq(1)), "a zero Expr"},
		{models.From(userT).OrderBy(models.Expr[int]{}.Asc()), "a zero Expr"},
		{models.From(userT).Where(models.Cast[time.Time](name).IsNull()), "Cast from text to time does not mean the same on each database"},
		{models.From(userT).Where(models.Func[int64]("length(x); --", name).IsNull()), "is no name of a function"},
		{models.From(userT).Where(models.Func[int64]("a.b.c", name).IsNull()), "is no name of a function"},
		{models.From(userT).Where(models.Func[int64]("length", nil).IsNull()), "a plain nil has no type"},
		{models.From(userT).Where(models.Func[int64]("length", new(string)).IsNull()), "this *string is no field"},
		{models.From(userT).Where(models.Case[int]().Else(1).IsNull()), "Case without When"},
		{models.From(userT).Where(models.Case(models.When(models.Cond{}, 1)).Else(1).IsNull()), "a zero Cond"},
		{models.From(userT).Where(models.Round(models.Col(&userT.Score), -1).IsNull()), "want 0 to 15"},
		{models.From(userT).Where(name.Filter(models.Eq(&userT.ID, 1)).IsNull()), "Filter belongs to a function"},
		{models.From(userT).Where(models.Excluded(&userT.Email).Eq("x")), "Excluded(email) is known only inside DoUpdate"},
		{models.From(userT).Where(models.Sub(models.Query[int]{}).IsNull()), "a zero Query"},
		{models.From(userT).Where(models.Sub(models.Raw[int]("SELECT 1")).IsNull()), "Sub does not fit this kind of query"},
		{models.From(userT).Where(models.Sub(models.From(postT)).IsNull()), "Sub takes a query of one column"},
		{models.From(userT).Where(models.ExistsIn(models.From(postT).Where(models.Eq(&tagT.Name, "x")))), "column tags.name is used, but tags is not in the query"},
		{models.From(userT).ForUpdate(), "outside of a session"},
		{models.From(userT).ForUpdate(models.SkipLocked, models.NoWait), "exclude each other"},
		{models.Delete(userT).LeftJoin(postT), "LeftJoin does not fit"},
	} {
		if _, err := models.All(t.Context(), db, c.q); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	if _, err := models.Count(t.Context(), db, models.From(userT).ForUpdate()); err == nil || !strings.Contains(err.Error(), "nothing is left to lock") {
		t.Errorf("count of locked rows: %v", err)
	}
}
