package models_test

import (
	"time"

	"github.com/spillwaydb/spillway/models"
)

// Summary is what some queries of the tests are read into.
type Summary struct {
	Username string
	Posts    int64
	Last     *string
}

func goldenExpressions() []golden {
	id, name, views := models.Col(&userT.ID), models.Col(&userT.Username), models.Col(&postT.Views)
	full := models.Col(models.Opt(&userT.FullName))
	one := func(n string, e models.Expr[int64]) golden { return golden{n, models.AsText(models.Select1(e))} }
	text := func(n string, e models.Expr[string]) golden { return golden{n, models.AsText(models.Select1(e))} }
	where := func(n string, c models.Cond) golden { return golden{n, models.AsText(models.Select1(id).Where(c))} }
	return []golden{
		one("plus, minus, times", models.Plus(id.Plus(1), models.Minus(id, id.Times(3)))),
		one("div, mod, neg", models.Mod(models.Div(id.Plus(7), models.NullIf(id, 0)), id.Neg().Mod(7).Div(2).Plus(9))),
		{"int32", models.AsText(models.Select1(views.Plus(1).Times(2).Sum()))},
		{"float", models.AsText(models.Select1(models.Round(models.Abs(models.Col(&userT.Score).Neg().Div(3)), 2)))},
		text("lower, upper, concat", models.Lower(models.Concat(models.Upper(name), models.Val("-"), name.Concat("x")))),
		one("length", models.Length(name)),
		text("coalesce", models.CoalesceExpr(full, name, models.Val("nobody"))),
		{"nullif", models.AsText(models.Select1(models.Nullable(models.NullIf(name, "ada"))))},
		text("case", models.Case(models.When(models.Gt(&userT.Score, 1), "high"), models.WhenExpr(models.IsNull(&userT.FullName), name)).Else("low")),
		{"case without else", models.AsText(models.Select1(models.Nullable(models.Case(models.When(models.Gt(&userT.ID, 1), int64(7))).End())))},
		{"case with an expression", models.AsText(models.Select1(models.Case(models.When(models.Eq(&userT.Active, true), 1.5)).ElseExpr(models.Col(&userT.Score))))},
		text("cast of an integer", models.Cast[string](id)),
		one("cast of a text", models.Cast[int64](models.Cast[string](id))),
		one("cast of a float", models.Cast[int64](models.Col(&userT.Score).Neg())),
		one("cast of a bool", models.Cast[int64](models.Col(&userT.Active))),
		{"cast to a float", models.AsText(models.Select1(models.Cast[float64](id)))},
		text("func", models.Func[string]("replace", &userT.Username, "a", models.Lower(name))),
		one("func of values", models.Func[int64]("abs", int64(-3)).Plus(0)),
		{"date parts", models.AsText(models.Select4(models.Year(&userT.CreatedAt), models.Month(&userT.CreatedAt), models.Day(&userT.CreatedAt), models.Hour(&userT.CreatedAt)))},
		{"more date parts", models.AsText(models.Select4(models.Minute(&userT.CreatedAt), models.Second(&userT.CreatedAt), models.Weekday(&userT.CreatedAt), models.YearDay(&userT.CreatedAt)))},
		{"value", models.AsText(models.Select3(models.Val(true), models.Val(time.Unix(0, 0)), id))},
		{"aggregates of expressions", models.AsText(models.Select4(id.Times(2).Sum(), id.Plus(1).Avg(), models.Lower(name).CountDistinct(), models.Length(name).Max()))},
		{"filter", models.AsText(models.Select2(models.CountRows().Filter(models.Eq(&userT.Active, true)), models.Nullable(models.Sum(&userT.Score).Filter(models.Gt(&userT.ID, 1), models.NotNull(&userT.FullName)))).From(userT))},
		where("conditions of expressions", models.And(id.Plus(1).Between(1, 9), id.NotIn(4), models.Lower(name).Like("a%"), models.Upper(name).Contains("_"), name.NotNull(), id.Neg().Lt(0))),
		where("two expressions", models.Or(id.GtExpr(models.Length(name)), id.LeExpr(id), id.NeExpr(id.Plus(1)), id.LtExpr(id), id.GeExpr(id))),
		where("in a query", models.InQuery(&userT.ID, models.Select1(models.Col(&postT.AuthorID)).Where(models.Gt(&postT.Views, 3)))),
		where("not in a query", models.NotInQuery(&userT.ID, models.Select1(models.Col(&postT.AuthorID)))),
		where("in a query of the same table", models.InQuery(&userT.ID, models.Select1(id).Where(models.Eq(&userT.Active, true)).OrderBy(models.Asc(&userT.ID)).Limit(1))),
		where("exists", models.ExistsIn(models.From(postT).Where(models.EqCol(&postT.AuthorID, &userT.ID)).OrderBy(models.Asc(&postT.ID)))),
		where("not exists", models.Not(models.ExistsIn(models.Select1(models.Col(&postT.AuthorID)).GroupBy(&postT.AuthorID).Having(models.CountRows().Gt(9))))),
		where("scalar subquery", models.Sub(models.Select1(models.CountRows()).From(postT).Where(models.EqCol(&postT.AuthorID, &userT.ID))).Ge(1)),
		{"scalar subquery selected", models.AsText(models.Select2(name, models.Sub(models.Select1(models.CountRows()).From(postT).Where(models.EqCol(&postT.AuthorID, &userT.ID)))).
			OrderBy(models.Sub(models.Select1(models.CountRows()).From(postT).Where(models.EqCol(&postT.AuthorID, &userT.ID))).Desc()))},
		{"order by a name", models.AsText(models.Select2(name, models.CountOf(&postT.ID).As("n")).Join(postT).GroupBy(&userT.Username).OrderBy(models.CountOf(&postT.ID).As("n").Desc()))},
	}
}

func goldenShapes() []golden {
	u := models.From(userT)
	name := models.Col(&userT.Username)
	return []golden{
		{"five", models.AsText(models.Select5(name, name, models.Col(&userT.ID), models.Col(&userT.Score), models.Col(&userT.Active)))},
		{"six", models.AsText(models.Select6(name, name, models.Col(&userT.ID), models.Col(&userT.Score), models.Col(&userT.Active), models.CountRows()).GroupBy(&userT.ID))},
		{"as a struct", models.AsText(models.SelectAs[Summary](&userT.Username, models.CountOf(&postT.ID).As("posts"), models.Max(&postT.Title).As("last")).LeftJoin(postT).GroupBy(&userT.Username))},
		{"distinct on", models.AsText(u.DistinctOn(&userT.Active).OrderBy(models.Asc(&userT.Active), models.Desc(&userT.ID)))},
		{"for update", models.AsText(u.Where(models.Eq(&userT.ID, 1)).ForUpdate())},
		{"for update, skip locked", models.AsText(u.Join(postT).LeftJoin(postTagT).OrderBy(models.Asc(&userT.ID)).Limit(1).ForUpdate(models.SkipLocked))},
		{"for share, nowait", models.AsText(u.ForShare(models.NoWait))},
		{"for update of groups", models.AsText(models.Select1(name).Distinct().ForUpdate())},
		{"for update in a subquery", models.AsText(u.Where(models.ExistsIn(models.From(postT).ForUpdate())))},
	}
}

func goldenWrites() []golden {
	titles := models.Select2(models.Col(&userT.Username), models.Col(&userT.Username).Concat("!")).Where(models.Eq(&userT.Active, true))
	return []golden{
		{"update to an expression", models.AsText(models.Update(postT).Set(models.ToExpr(&postT.Views, models.Col(&postT.Views).Plus(1)), models.To(&postT.Body, "x")).Where(models.Gt(&postT.Views, 1)))},
		{"update to a subquery", models.AsText(models.Update(userT).Set(models.ToExpr(&userT.Score, models.Cast[float64](models.Sub(models.Select1(models.CountRows()).From(postT).Where(models.EqCol(&postT.AuthorID, &userT.ID)))))).Everywhere())},
		{"update with a join", models.AsText(models.Update(postT).Set(models.ToExpr(&postT.Body, models.Col(&userT.Username))).Join(userT).Where(models.Eq(&userT.Active, true)))},
		{"update returning", models.AsText(models.Update(postT).Set(models.To(&postT.Body, "x")).Join(userT).Where(models.Eq(&userT.Active, true)).Returning())},
		{"update returning a value", models.AsText(models.Returning2(models.Update(postT).Set(models.ToExpr(&postT.Views, models.Col(&postT.Views).Times(2))).Everywhere(), models.Col(&postT.ID), models.Col(&postT.Views).Plus(1)))},
		{"delete with a join", models.AsText(models.Delete(postTagT).Join(postT).Join(userT).Where(models.Eq(&userT.Username, "x")))},
		{"delete returning", models.AsText(models.Delete(postTagT).Where(models.Eq(&postTagT.Tag, "go")).Returning())},
		{"delete where exists", models.AsText(models.Returning1(models.Delete(userT).Where(models.Not(models.ExistsIn(models.From(postT).Where(models.EqCol(&postT.AuthorID, &userT.ID))))), models.Col(&userT.ID)))},
		{"insert from a query", models.AsText(models.InsertFrom(tagT, titles, &tagT.Name, &tagT.Label))},
		{"insert from a query, or not", models.AsText(models.InsertFrom(tagT, models.From(tagT), &tagT.Name, &tagT.Label).OnConflict().DoNothing())},
		{"insert from a query, or update", models.AsText(models.InsertFrom(tagT, titles, &tagT.Name, &tagT.Label).OnConflict(&tagT.Name).
			DoUpdateWhere([]models.Cond{models.Ne(&tagT.Label, "x"), models.Excluded(&tagT.Label).Ne("y")}, models.ToExpr(&tagT.Label, models.Concat(models.Col(&tagT.Label), models.Excluded(&tagT.Label)))).Returning())},
	}
}
