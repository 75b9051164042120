package models_test

import "github.com/spillwaydb/spillway/models"

// Step is a row of a recursive query, Best one of a derived table.
type (
	Step struct {
		ID    int64
		Depth int64
	}
	Best struct {
		AuthorID int64
		Title    string
		N        int64
	}
)

var (
	stepT = models.Derived[Step]("steps")
	bestT = models.Derived[Best]("best")
)

// ranked numbers the posts of each author by their views.
func ranked() models.Query[Best] {
	return models.SelectAs[Best](&postT.AuthorID, &postT.Title,
		models.RowNumber().Over(models.PartitionBy(&postT.AuthorID).OrderBy(models.Desc(&postT.Views))).As("n"))
}

// countTo gives the numbers from 0 to n.
func countTo(n int64) models.Derivation {
	return models.DeriveRecursive(stepT,
		models.SelectAs[Step](models.Val(int64(0)).As("id"), models.Val(int64(1)).As("depth")),
		models.SelectAs[Step](models.Col(&stepT.Depth).Times(10).As("depth"), models.Col(&stepT.ID).Plus(1).As("id")).Where(models.Lt(&stepT.ID, n)))
}

func goldenDerived() []golden {
	name, views := models.Col(&userT.Username), models.Col(&postT.Views)
	titles := models.Select1(models.Col(&postT.Title))
	second := models.Alias(stepT, "second")
	newest := models.Derive(bestT, models.SelectAs[Best](&postT.AuthorID, &postT.Title, models.Val(int64(1)).As("n")).
		Where(models.EqCol(&postT.AuthorID, &userT.ID)).OrderBy(models.Desc(&postT.ID)).Limit(1))
	window := models.PartitionBy(&postT.AuthorID).OrderBy(models.Asc(&postT.ID))
	settings := func(keys ...any) models.JSONPath { return models.Path(&userT.Settings, keys...) }
	return []golden{
		{"cte", models.AsText(models.From(bestT).WithCTE(models.Derive(bestT, ranked())).Where(models.Eq(&bestT.N, 1)).OrderBy(models.Asc(&bestT.Title)))},
		{"cte joined", models.AsText(models.Select2(name, models.Col(&bestT.Title)).WithCTE(models.Derive(bestT, ranked())).Join(bestT, models.EqCol(&bestT.AuthorID, &userT.ID)))},
		{"recursive cte", models.AsText(models.From(stepT).WithCTE(countTo(5)).OrderBy(models.Desc(&stepT.ID)).Limit(2))},
		{"recursive cte with an alias", models.AsText(models.Select2(models.Col(&stepT.ID), models.Col(&second.Depth)).WithCTE(countTo(3)).Join(second, models.EqCol(&second.ID, &stepT.ID)))},
		{"cte in a subquery", models.AsText(models.From(userT).Where(models.ExistsIn(models.From(stepT).WithCTE(countTo(3)).Where(models.EqCol(&stepT.ID, &userT.ID)))))},
		{"from a query", models.AsText(models.From(bestT).FromQuery(models.Derive(bestT, ranked())).Where(models.Le(&bestT.N, 1)))},
		{"join a query", models.AsText(models.Select2(name, models.Nullable(models.Col(&bestT.Title))).LeftJoinQuery(models.Derive(bestT, ranked()), models.EqCol(&bestT.AuthorID, &userT.ID), models.Eq(&bestT.N, 1)))},
		{"join lateral", models.AsText(models.Select2(name, models.Col(&bestT.Title)).JoinLateral(newest))},
		{"left join lateral", models.AsText(models.Select2(name, models.Nullable(models.Col(&bestT.Title))).LeftJoinLateral(newest, models.Ne(&bestT.Title, "x")))},
		{"insert from a cte", models.AsText(models.InsertFrom(tagT, models.Select2(models.Col(&bestT.Title), models.Col(&bestT.Title)).WithCTE(models.Derive(bestT, ranked())), &tagT.Name, &tagT.Label))},
		{"rankings", models.AsText(models.Select5(models.Col(&postT.ID), models.RowNumber().Over(models.Window{}), models.Rank().Over(window), models.DenseRank().Over(window), models.NTile(4).Over(window)))},
		{"neighbours", models.AsText(models.Select4(models.Nullable(models.Lag(views, 1).Over(window)), models.Nullable(models.Lead(views, 3).Over(window)), models.FirstValue(views).Over(window), models.LastValue(views).Over(window.Rows(models.UnboundedRows, models.UnboundedRows))))},
		{"aggregates over windows", models.AsText(models.Select3(views.Sum().Over(window), views.Avg().Over(window.Rows(1, 0)), models.CountRows().Filter(models.Gt(&postT.Views, 1)).Over(window)).Where(models.Gt(&postT.ID, 0)))},
		{"filtered sum over a window", models.AsText(models.Select1(models.Nullable(views.Sum().Filter(models.Gt(&postT.Views, 1)).Over(window))))},
		{"union", models.AsText(models.Union(models.Select1(name).Where(models.Gt(&userT.ID, 1)), titles).OrderBy(name.Desc()).Limit(3).Offset(1))},
		{"union all of limited queries", models.AsText(models.UnionAll(titles.OrderBy(models.Asc(&postT.ID)).Limit(1), titles.OrderBy(models.Desc(&postT.ID)).Limit(1)))},
		{"intersect, except", models.AsText(models.Except(models.Intersect(titles, titles), models.Select1(name)))},
		{"union of objects", models.AsText(models.Union(models.From(userT).Where(models.Eq(&userT.Username, "ada")), models.From(userT).Where(models.Eq(&userT.Username, "bob"))).OrderBy(models.Desc(&userT.Username)))},
		{"union by name", models.AsText(models.Union(models.Select1(models.Lower(name).As("n")), titles).OrderBy(models.Lower(name).As("n").Asc()))},
		{"in a union", models.AsText(models.Select1(name).Where(models.InQuery(&userT.Username, models.Union(titles, models.Select1(models.Col(&tagT.Name))))))},
		{"cte of a union", models.AsText(models.From(stepT).WithCTE(models.Derive(stepT, models.UnionAll(
			models.SelectAs[Step](&userT.ID, models.Val(int64(1)).As("depth")), models.SelectAs[Step](&postT.ID, models.Val(int64(2)).As("depth"))))))},
		{"json text", models.AsText(models.Select1(models.Nullable(settings("theme", "name").Text())))},
		{"json numbers", models.AsText(models.Select2(models.Nullable(settings("sizes", 0).Int()), models.Nullable(settings("sizes", -1).Float())))},
		{"groups by an expression with arguments", models.AsText(models.Select3(settings("theme").Exists().Value(), models.Nullable(settings("theme").Text()), models.CountRows()).
			GroupBy(settings("theme").Text(), settings("theme").Exists().Value()).OrderBy(settings("theme").Text().Desc()))},
		{"distinct by an expression with arguments", models.AsText(models.Select1(name.Concat("x")).Distinct().OrderBy(name.Concat("x").Desc(), name.Concat("x").Asc()))},
		{"json bool", models.AsText(models.Select1(name).Where(settings("theme", "dark").Bool().Eq(true), settings("theme").Exists()))},
	}
}
