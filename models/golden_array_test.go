package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/models"
)

// goldenArrays needs the tables of every.
func goldenArrays() []golden {
	q := models.Select1(models.Col(&everyT.ID))
	at := time.Unix(0, 0).UTC()
	where := func(n string, c models.Cond) golden {
		return golden{n, models.AsText(models.Select1(models.Col(&everyT.ID)).Where(c))}
	}
	return []golden{
		where("has", models.ArrayHas(&everyT.Ints, 7)),
		where("has all", models.ArrayHasAll(&everyT.Texts, "a", "b")),
		where("has all of nothing", models.ArrayHasAll(&everyT.Bools)),
		where("overlaps", models.ArrayOverlaps(&everyT.Times, at)),
		where("a nullable array", models.ArrayOverlaps(models.Opt(&everyT.PTexts), "x")),
		where("a sql.Null of an array", models.ArrayHas(&everyT.NullInts.V, 3)),
		{"length", models.AsText(models.Select1(models.ArrayLength(&everyT.Ints)).OrderBy(models.ArrayLength(&everyT.Ints).Desc()))},
		where("of bytes", models.ArrayHas(&everyT.Bytes, 1)),
		where("of a document", models.ArrayHas(&everyT.List, "x")),
		{"pair greater", models.AsText(q.Where(models.PairOf(&everyT.I, &everyT.S).Gt(1, "a")).Limit(1))},
		{"pair in", models.AsText(q.Where(models.PairOf(&everyT.I, &everyT.S).In(models.Row2[int, string]{A: 1, B: "a"}, models.Row2[int, string]{A: 2, B: "b"})))},
		{"pair in nothing", models.AsText(q.Where(models.PairOf(&everyT.I, &everyT.S).In()))},
		{"pair not in", models.AsText(q.Where(models.PairOf(&everyT.At, &everyT.UUID).NotIn(models.Row2[time.Time, Token]{A: at})))},
		{"pair in a query", models.AsText(q.Where(models.PairOf(&everyT.I, &everyT.S).InQuery(models.Select2(models.Col(&everyT.I), models.Col(&everyT.S)).Where(models.Gt(&everyT.I, 0)))))},
		{"triple", models.AsText(q.Where(models.TripleOf(&everyT.I, &everyT.S, &everyT.B).Le(1, "a", true), models.TripleOf(&everyT.I, &everyT.S, &everyT.B).In(models.Row3[int, string, bool]{A: 1})))},
		{"pair of NULL", models.AsText(q.Where(models.PairOf(&everyT.I, &everyT.PS).Eq(1, nil)))},
		{"zero pair", models.AsText(q.Where(models.Pair[int, int]{}.Eq(1, 2)))},
		{"zero triple", models.AsText(q.Where(models.Triple[int, int, int]{}.In()))},
	}
}

func TestArrayOperators(t *testing.T) {
	both(t, every, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
		u := Token{1, 2, 3}
		rows := []*Every{
			{Ints: []int{1, 2, 2}, Texts: []Flavour{"a", `b"\`, "NULL"}, Bools: []bool{true}, Floats: []float64{0.1, 2}, Times: []time.Time{at}, UUIDs: []Token{u}, PTexts: ptr([]string{"x"}), I: 1, S: "b"},
			{Ints: []int{3}, Texts: []Flavour{"a"}, Bools: []bool{false}, I: 1, S: "c"},
			{I: 2, S: "a"},
		}
		if _, err := models.Exec(ctx, db, models.Insert(rows...)); err != nil {
			t.Fatal(err)
		}
		for i, c := range []struct {
			cond models.Cond
			want string
		}{
			{models.ArrayHas(&everyT.Ints, 2), "0"},
			{models.ArrayHas(&everyT.Texts, "a"), "01"},
			{models.ArrayHas(&everyT.Texts, `b"\`), "0"},
			{models.ArrayHas(&everyT.Texts, "NULL"), "0"},
			{models.ArrayHas(&everyT.Bools, true), "0"},
			{models.ArrayHas(&everyT.Bools, false), "1"},
			{models.ArrayHas(&everyT.Floats, 0.1), "0"},
			{models.ArrayHas(&everyT.Times, at), "0"},
			{models.ArrayHas(&everyT.UUIDs, u), "0"},
			{models.ArrayHasAll(&everyT.Ints, 2, 1), "0"},
			{models.ArrayHasAll(&everyT.Ints, 2, 3), ""},
			{models.ArrayHasAll(&everyT.Ints), "012"},
			{models.ArrayHasAll(models.Opt(&everyT.PTexts)), "0"},
			{models.ArrayOverlaps(&everyT.Ints, 3, 2, 9), "01"},
			{models.ArrayOverlaps(&everyT.Ints), ""},
			{models.ArrayOverlaps(models.Opt(&everyT.PTexts), "x", "y"), "0"},
			{models.Not(models.ArrayHas(&everyT.Ints, 2)), "12"},
			{models.ArrayLength(&everyT.Ints).Eq(3), "0"},
			{models.PairOf(&everyT.I, &everyT.S).Gt(1, "b"), "12"},
			{models.PairOf(&everyT.I, &everyT.S).Ge(1, "b"), "012"},
			{models.PairOf(&everyT.I, &everyT.S).Lt(1, "c"), "0"},
			{models.PairOf(&everyT.I, &everyT.S).Le(1, "c"), "01"},
			{models.PairOf(&everyT.I, &everyT.S).Eq(2, "a"), "2"},
			{models.PairOf(&everyT.I, &everyT.S).Ne(2, "a"), "01"},
			{models.PairOf(&everyT.I, &everyT.S).In(models.Row2[int, string]{A: 1, B: "b"}, models.Row2[int, string]{A: 2, B: "a"}, models.Row2[int, string]{A: 2, B: "b"}), "02"},
			{models.PairOf(&everyT.I, &everyT.S).In(), ""},
			{models.PairOf(&everyT.I, &everyT.S).NotIn(models.Row2[int, string]{A: 1, B: "b"}), "12"},
			{models.PairOf(&everyT.I, &everyT.S).NotIn(), "012"},
			{models.PairOf(&everyT.S, &everyT.I).InQuery(models.Select2(models.Col(&everyT.S), models.Col(&everyT.I)).Where(models.Eq(&everyT.I, 1))), "01"},
			{models.TripleOf(&everyT.I, &everyT.S, &everyT.B).Gt(1, "b", false), "12"},
			{models.TripleOf(&everyT.I, &everyT.S, &everyT.B).Lt(1, "c", true), "01"},
			{models.TripleOf(&everyT.I, &everyT.S, &everyT.B).Ge(1, "c", false), "12"},
			{models.TripleOf(&everyT.I, &everyT.S, &everyT.B).Eq(1, "b", false), "0"},
			{models.TripleOf(&everyT.I, &everyT.S, &everyT.B).InQuery(models.Select3(models.Col(&everyT.I), models.Col(&everyT.S), models.Col(&everyT.B))), "012"},
		} {
			ids, err := models.All(ctx, db, models.Select1(models.Col(&everyT.ID)).Where(c.cond).OrderBy(models.Asc(&everyT.ID)))
			got := ""
			for _, id := range ids {
				for k, r := range rows {
					if r.ID == id {
						got += fmt.Sprint(k)
					}
				}
			}
			if got != c.want || err != nil {
				t.Errorf("condition %d: rows %s, want %s; %v", i, got, c.want, err)
			}
		}
		many := make([]models.Row2[int, string], 40_000)
		_, err := models.All(ctx, db, models.From(everyT).Where(models.PairOf(&everyT.I, &everyT.S).In(many...)))
		if err == nil || !strings.Contains(err.Error(), "a list of 40000 rows needs 80000 parameters") {
			t.Errorf("%v", err)
		}
	})
}

func TestExplain(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		fill(t, db)
		for _, h := range []models.Handle{db, session(t, db)} {
			for _, q := range []models.Query[*User]{
				models.From(userT).Where(models.Eq(&userT.Username, "ada")),
				models.From(userT).Join(postT).Where(models.InQuery(&userT.ID, models.Select1(models.Col(&postT.AuthorID)))),
				models.Update(userT).Set(models.To(&userT.Active, false)).Where(models.Eq(&userT.ID, 1)),
				models.Delete(userT).Where(models.Eq(&userT.ID, 1)).Returning(),
			} {
				plan, err := models.Explain(ctx, h, q)
				if err != nil || !strings.Contains(plan, "users") {
					t.Errorf("%q, %v", plan, err)
				}
			}
			if plan, err := models.Explain(ctx, h, models.Raw[int]("SELECT count(*) FROM users WHERE id = :id", models.Args{"id": 1})); err != nil || !strings.Contains(plan, "users") {
				t.Errorf("%q, %v", plan, err)
			}
			if _, err := models.Explain(ctx, h, models.Insert(newUser("x"))); err == nil || !strings.Contains(err.Error(), "has no text of its own") {
				t.Errorf("%v", err)
			}
			if _, err := models.Explain(ctx, h, models.Query[int]{}); err == nil {
				t.Error("a zero query")
			}
		}
		if backendOf(t) == "sqlite" {
			plan, err := models.Explain(ctx, db, models.From(userT).Where(models.InQuery(&userT.ID, models.Select1(models.Col(&postT.AuthorID)).GroupBy(&postT.AuthorID))))
			if err != nil || !strings.Contains(plan, "\n  ") {
				t.Errorf("no step is indented: %q, %v", plan, err)
			}
		}
		if n, err := models.CountAll[User](ctx, db); n != 3 || err != nil {
			t.Errorf("%d users, %v: something was carried out", n, err)
		}
	})
}
