package models_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/models"
)

// fill writes three users with 0, 1 and 2 posts, and tags.
func fill(t *testing.T, db *models.Engine) (users []*User) {
	t.Helper()
	ctx := t.Context()
	for i, name := range []string{"ada", "bob", "Cyd_100%"} {
		u := newUser(name)
		u.Score, u.Active = float64(i), i != 1
		if i == 2 {
			u.FullName = &name
		}
		users = append(users, u)
	}
	if n, err := models.Exec(ctx, db, models.Insert(users...)); n != 3 || err != nil {
		t.Fatalf("%d rows, %v", n, err)
	}
	posts := []*Post{
		{Title: "b1", AuthorID: users[1].ID, Views: 1}, {Title: "c1", AuthorID: users[2].ID, Views: 5}, {Title: "c2", AuthorID: users[2].ID, Views: 7},
	}
	if _, err := models.Exec(ctx, db, models.Insert(posts...)); err != nil {
		t.Fatal(err)
	}
	if _, err := models.Exec(ctx, db, models.Insert(&Tag{Name: "go"}, &Tag{Name: "sql"})); err != nil {
		t.Fatal(err)
	}
	if _, err := models.Exec(ctx, db, models.Insert(&PostTag{posts[0].ID, "go", 1}, &PostTag{posts[1].ID, "go", 2}, &PostTag{posts[1].ID, "sql", 3})); err != nil {
		t.Fatal(err)
	}
	return users
}

func TestWhere(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		users := fill(t, db)
		for _, c := range []struct {
			name string
			cond models.Cond
			want string
		}{
			{"eq", models.Eq(&userT.Username, "ada"), "ada"},
			{"eq bool", models.Eq(&userT.Active, false), "bob"},
			{"ne", models.Ne(&userT.Username, "ada"), "bob Cyd_100%"},
			{"lt", models.Lt(&userT.Score, 1), "ada"},
			{"le", models.Le(&userT.Score, 1), "ada bob"},
			{"gt", models.Gt(&userT.Score, 1), "Cyd_100%"},
			{"ge", models.Ge(&userT.Score, 1), "bob Cyd_100%"},
			{"in", models.In(&userT.ID, users[0].ID, users[2].ID), "ada Cyd_100%"},
			{"in text", models.In(&userT.Username, "bob", "nobody"), "bob"},
			{"in float", models.In(&userT.Score, 0, 2), "ada Cyd_100%"},
			{"in bool", models.In(&userT.Active, true), "ada Cyd_100%"},
			{"in time", models.In(&userT.CreatedAt, users[0].CreatedAt), "ada bob Cyd_100%"},
			{"in nothing", models.In(&userT.ID), ""},
			{"not in", models.NotIn(&userT.ID, users[0].ID), "bob Cyd_100%"},
			{"not in nothing", models.NotIn(&userT.ID), "ada bob Cyd_100%"},
			{"between", models.Between(&userT.Score, 1, 2), "bob Cyd_100%"},
			{"is null", models.IsNull(&userT.FullName), "ada bob"},
			{"eq nil", models.Eq(&userT.FullName, nil), "ada bob"},
			{"ne nil", models.Ne(&userT.FullName, nil), "Cyd_100%"},
			{"not null", models.NotNull(&userT.FullName), "Cyd_100%"},
			{"opt", models.Eq(models.Opt(&userT.FullName), "Cyd_100%"), "Cyd_100%"},
			{"like", models.Like(&userT.Username, "_d%"), "ada"},
			{"like tells case", models.Like(&userT.Username, "c%"), ""},
			{"ilike", models.ILike(&userT.Username, "c%"), "Cyd_100%"},
			{"contains", models.Contains(&userT.Username, "d_1"), "Cyd_100%"},
			{"contains is literal", models.Contains(&userT.Username, "a_a"), ""},
			{"prefix", models.HasPrefix(&userT.Username, "Cyd_"), "Cyd_100%"},
			{"prefix is literal", models.HasPrefix(&userT.Username, "%"), ""},
			{"suffix", models.HasSuffix(&userT.Username, "0%"), "Cyd_100%"},
			{"and", models.And(models.Gt(&userT.Score, 0), models.Lt(&userT.Score, 2)), "bob"},
			{"or", models.Or(models.Eq(&userT.Score, 0), models.Eq(&userT.Score, 2)), "ada Cyd_100%"},
			{"or of nothing", models.Or(), ""},
			{"and of nothing", models.And(), "ada bob Cyd_100%"},
			{"not", models.Not(models.Eq(&userT.Username, "ada")), "bob Cyd_100%"},
		} {
			q := models.From(userT).Where(c.cond).OrderBy(models.Asc(&userT.ID))
			got, err := models.All(t.Context(), db, q)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			var names []string
			for _, u := range got {
				names = append(names, u.Username)
			}
			if s := strings.Join(names, " "); s != c.want {
				t.Errorf("%s: %q, want %q", c.name, s, c.want)
			}
			if n, err := models.Count(t.Context(), db, q); int(n) != len(names) || err != nil {
				t.Errorf("%s: count %d, %v", c.name, n, err)
			}
			if yes, err := models.Exists(t.Context(), db, q); yes != (len(names) > 0) || err != nil {
				t.Errorf("%s: exists %v, %v", c.name, yes, err)
			}
		}
	})
}

func TestOrderLimitOffset(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		fill(t, db)
		ctx := t.Context()
		q := models.From(userT).OrderBy(models.Desc(&userT.Score))
		for _, c := range []struct {
			q    models.Query[*User]
			want string
		}{
			{q, "Cyd_100% bob ada"},
			{q.Limit(2), "Cyd_100% bob"},
			{q.Limit(0), ""},
			{q.Offset(1), "bob ada"},
			{q.Limit(1).Offset(1), "bob"},
			{models.From(userT).OrderBy(models.Desc(&userT.Active), models.Asc(&userT.Score)), "ada Cyd_100% bob"},
		} {
			got, err := models.All(ctx, db, c.q)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, u := range got {
				names = append(names, u.Username)
			}
			if s := strings.Join(names, " "); s != c.want {
				t.Errorf("%q, want %q", s, c.want)
			}
		}
		if n, err := models.Count(ctx, db, q.Limit(2)); n != 2 || err != nil {
			t.Errorf("count of a limited query: %d, %v", n, err)
		}
		if u, err := models.First(ctx, db, q); err != nil || u.Username != "Cyd_100%" {
			t.Errorf("first: %v, %v", u, err)
		}
		if _, err := models.One(ctx, db, q); !errors.Is(err, models.ErrMultiple) {
			t.Errorf("one of three: %v", err)
		}
		if u, err := models.One(ctx, db, q.Where(models.Eq(&userT.Username, "ada"))); err != nil || u.Username != "ada" {
			t.Errorf("one: %v, %v", u, err)
		}
		none := q.Where(models.Eq(&userT.Username, "nobody"))
		if _, err := models.First(ctx, db, none); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("first of none: %v", err)
		}
		if _, err := models.One(ctx, db, none); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("one of none: %v", err)
		}
		if all, err := models.All(ctx, db, none); len(all) != 0 || err != nil {
			t.Errorf("all of none: %v, %v", all, err)
		}
	})
}

func TestJoinsGroupsAggregates(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		fill(t, db)
		ctx := t.Context()
		lines := func(rows any, err error) string {
			if err != nil {
				t.Error(err)
			}
			return fmt.Sprint(rows)
		}
		most := models.Select3(models.Col(&userT.Username), models.CountOf(&postT.ID), models.Sum(&postT.Views)).
			Join(postT).GroupBy(&userT.Username).OrderBy(models.CountOf(&postT.ID).Desc(), models.Asc(&userT.Username)).Limit(10)
		if got, want := lines(models.All(ctx, db, most)), "[{Cyd_100% 2 12} {bob 1 1}]"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if got := lines(models.All(ctx, db, most.Having(models.CountOf(&postT.ID).Gt(1)))); got != "[{Cyd_100% 2 12}]" {
			t.Errorf("having: %s", got)
		}
		if n, err := models.Count(ctx, db, most); n != 2 || err != nil {
			t.Errorf("number of groups: %d, %v", n, err)
		}
		left := models.Select2(models.Col(&userT.Username), models.Nullable(models.Col(&postT.Title))).
			LeftJoin(postT, models.EqCol(&postT.AuthorID, &userT.ID)).OrderBy(models.Asc(&userT.ID), models.Asc(&postT.ID))
		rows, err := models.All(ctx, db, left)
		if err != nil || len(rows) != 4 || rows[0].B != nil || *rows[3].B != "c2" {
			t.Errorf("left join: %v, %v", rows, err)
		}
		entities := models.From(postT).Join(postTagT).Join(tagT).Where(models.Eq(&tagT.Name, "go")).OrderBy(models.Asc(&postT.ID))
		posts, err := models.All(ctx, db, entities)
		if err != nil || len(posts) != 2 || posts[0].Title != "b1" {
			t.Errorf("over two joins: %v, %v", posts, err)
		}
		agg := models.Select4(models.Min(&postT.Views), models.Max(&postT.Title), models.Avg(&postT.Views), models.CountDistinct(&postT.AuthorID))
		if got := lines(models.One(ctx, db, agg)); got != "{1 c2 4.333333333333333 2}" {
			t.Errorf("aggregates: %s", got)
		}
		if n, err := models.One(ctx, db, models.Select1(models.CountRows()).From(tagT)); n != 2 || err != nil {
			t.Errorf("rows: %d, %v", n, err)
		}
		none := models.Select1(models.Sum(&postT.Views)).Where(models.Eq(&postT.Title, "none"))
		if _, err := models.One(ctx, db, none); err == nil || !strings.Contains(err.Error(), "models.Coalesce") {
			t.Errorf("the sum of nothing: %v", err)
		}
		if n, err := models.One(ctx, db, models.Select1(models.Coalesce(models.Sum(&postT.Views), 0)).Where(models.Eq(&postT.Title, "none"))); n != 0 || err != nil {
			t.Errorf("coalesce: %d, %v", n, err)
		}
		distinct, err := models.All(ctx, db, models.Select1(models.Col(&postT.AuthorID)).Distinct())
		if err != nil || len(distinct) != 2 {
			t.Errorf("distinct: %v, %v", distinct, err)
		}
		boss := models.Alias(userT, "boss")
		if models.Alias(userT, "boss") != boss {
			t.Error("an alias is not the same when asked for again")
		}
		pairs, err := models.All(ctx, db, models.Select2(models.Col(&userT.Username), models.Col(&boss.Username)).
			Join(boss, models.Lt(&boss.Score, 1), models.Eq(&userT.Username, "bob")))
		if got := lines(pairs, err); got != "[{bob ada}]" {
			t.Errorf("self join: %s", got)
		}
	})
}

func TestUpdateAndDeleteByQuery(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		fill(t, db)
		ctx := t.Context()
		n, err := models.Exec(ctx, db, models.Update(userT).Set(models.To(&userT.Active, false), models.To(&userT.FullName, nil)).Where(models.Ge(&userT.Score, 1)))
		if n != 2 || err != nil {
			t.Errorf("%d rows, %v", n, err)
		}
		if n, err := models.Count(ctx, db, models.From(userT).Where(models.IsNull(&userT.FullName))); n != 3 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if n, err := models.Exec(ctx, db, models.Delete(postTagT).Everywhere()); n != 3 || err != nil {
			t.Errorf("%d rows, %v", n, err)
		}
		if n, err := models.Exec(ctx, db, models.Delete(postT).Where(models.Eq(&postT.Title, "c1"))); n != 1 || err != nil {
			t.Errorf("%d rows, %v", n, err)
		}
	})
}

// A query is a value: building on it leaves it as it was.
func TestQueriesAreImmutable(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		fill(t, db)
		base := models.From(userT).Where(models.Ge(&userT.Score, 1)).OrderBy(models.Asc(&userT.ID))
		a := base.Where(models.Eq(&userT.Username, "bob"))
		b := base.Where(models.Eq(&userT.Username, "ada"))
		c := base.OrderBy(models.Asc(&userT.Email)).Limit(1)
		for i, want := range []int{2, 1, 0, 1} {
			got, err := models.All(t.Context(), db, []models.Query[*User]{base, a, b, c}[i])
			if len(got) != want || err != nil {
				t.Errorf("query %d: %d rows, want %d; %v", i, len(got), want, err)
			}
		}
	})
}

func TestQueryMistakes(t *testing.T) {
	db := open(t, "sqlite::memory:", blog)
	ctx := t.Context()
	copied := *userT
	loaded := newUser("x")
	type Stranger struct{ ID int64 }
	fail := func(q models.Query[*User]) error { _, err := models.All(ctx, db, q); return err }
	for _, c := range []struct {
		err  error
		want string
	}{
		{fail(models.From(userT).Where(models.Eq(&copied.Active, true))), "this *bool is no field of a registered prototype"},
		{fail(models.From(userT).Where(models.Eq(&loaded.Active, true))), "not a loaded object"},
		{fail(models.From(userT).Where(models.Eq[string](nil, "x"))), "this *string is no field"},
		{fail(models.From(&copied)), "is no prototype"},
		{fail(models.From(userT).Where(models.Eq(&postT.Title, "x"))), "column posts.title is used, but posts is not in the query: join it"},
		{fail(models.From(userT).Limit(-1)), "Limit(-1)"},
		{fail(models.From(userT).Offset(-1)), "Offset(-1)"},
		{fail(models.From(userT).Where(models.Cond{})), "a zero Cond"},
		{fail(models.From(userT).OrderBy(models.Order{})), "a zero Order"},
		{fail(models.Query[*User]{}), "a zero Query"},
		{fail(models.Query[*User]{}.Limit(1)), "a zero Query"},
		{fail(models.From(userT).Where(models.Lt(&userT.FullName, nil))), "use IsNull"},
		{fail(models.From(userT).Where(models.In(&userT.FullName, nil))), "use Or with IsNull"},
		{fail(models.From(userT).Join(tagT)), "Join tags: no foreign key between it and users"},
		{fail(models.From(userT).Join(userT, models.And())), "users is in the query twice"},
		{fail(models.From(userT).Join(&copied)), "is no prototype"},
		{fail(models.From(userT).Join(42)), "int is no prototype"},
		{fail(models.From(userT).GroupBy(7)), "int names no column"},
		{fail(models.From(userT).GroupBy(userT)), "the prototype of models_test.User itself"},
		{fail(models.Update(userT)), "use Exec"},
		{fail(models.Update(userT).OrderBy(models.Asc(&userT.ID))), "OrderBy does not fit"},
		{exec(ctx, db, models.From(userT)), "Exec of a SELECT"},
		{exec(ctx, db, models.Update(userT).Where(models.Eq(&userT.ID, 1))), "without Set"},
		{exec(ctx, db, models.Update(userT).Set(models.To(&postT.Title, "x")).Everywhere()), "title is no column of users"},
		{exec(ctx, db, models.Delete(userT)), "Everywhere"},
		{exec(ctx, db, models.Delete(models.Alias(userT, "other")).Everywhere()), "an alias can not be changed"},
		{exec(ctx, db, models.Insert(userT)), "it names columns and is no object"},
		{exec(ctx, db, models.Insert[User](nil)), "Insert of a nil"},
		{exec(ctx, db, models.Insert(&Stranger{}).Limit(1)), "Limit does not fit"},
		{get[User](ctx, db, "x"), "the key is int64, not string"},
		{get[User](ctx, db, 1.5), "the key is int64, not float64"},
		{get[User](ctx, db, nil), "the key is int64, not <nil>"},
		{get[PostTag](ctx, db, 1), "has 2 columns, not 1"},
		{get[PostTag](ctx, db, models.Key{1, 2}), "the key is string, not int"},
		{get[struct{ ID int }](ctx, db, 1), "has no name"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", c.err, c.want)
		}
	}
	type Pair struct {
		ID   int64
		From int64 `db:",fk=users.id"`
		To   int64 `db:",fk=users.id"`
	}
	pair := models.RegisterIn[Pair](models.NewRegistry())
	err := fail(models.From(userT).Join(pair))
	if err == nil || !strings.Contains(err.Error(), "pairs.from → users; pairs.to → users") {
		t.Errorf("two foreign keys: %v", err)
	}
}

func exec[R any](ctx context.Context, db models.Handle, q models.Query[R]) error {
	_, err := models.Exec(ctx, db, q)
	return err
}

func get[T any](ctx context.Context, db models.Handle, key any) error {
	_, err := models.Get[T](ctx, db, key)
	return err
}

func TestGet(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		users := fill(t, db)
		ctx := t.Context()
		type myInt int16
		for _, key := range []any{int(users[0].ID), users[0].ID, uint8(users[0].ID), myInt(users[0].ID), models.Key{users[0].ID}} {
			if u, err := models.Get[User](ctx, db, key); err != nil || u.Username != "ada" {
				t.Errorf("Get(%T): %v, %v", key, u, err)
			}
		}
		if _, err := models.Get[User](ctx, db, 4711); !errors.Is(err, models.ErrNotFound) || strings.Contains(err.Error(), "4711") {
			t.Errorf("no such key: %v (the key must not be in the text)", err)
		}
		if tag, err := models.Get[Tag](ctx, db, "go"); err != nil || tag.Name != "go" {
			t.Errorf("natural key: %v, %v", tag, err)
		}
		posts, err := models.All(ctx, db, models.From(postT).OrderBy(models.Asc(&postT.ID)))
		if err != nil {
			t.Fatal(err)
		}
		pt, err := models.Get[PostTag](ctx, db, models.Key{posts[1].ID, "sql"})
		if err != nil || pt.Weight != 3 {
			t.Errorf("composite key: %v, %v", pt, err)
		}
	})
}

func TestInsertManyFillsKeysInOrder(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		var users []*User
		for i := range 1000 {
			users = append(users, newUser(fmt.Sprint("user", i)))
		}
		if n, err := models.Exec(ctx, db, models.Insert(users...)); n != 1000 || err != nil {
			t.Fatalf("%d rows, %v", n, err)
		}
		got, err := models.All(ctx, db, models.From(userT))
		if err != nil || len(got) != 1000 {
			t.Fatalf("%d rows, %v", len(got), err)
		}
		byID := map[int64]string{}
		for _, u := range got {
			byID[u.ID] = u.Username
		}
		for _, u := range users {
			if byID[u.ID] != u.Username {
				t.Fatalf("%s got the key of %s", u.Username, byID[u.ID])
			}
		}
		// One of many is refused: none is there, and none has a key.
		more := []*User{newUser("fresh"), newUser("user7")}
		for i := range 100 {
			more = append(more, newUser(fmt.Sprint("more", i)))
		}
		if _, err := models.Exec(ctx, db, models.Insert(more...)); err == nil {
			t.Fatal("a second user7 was let in")
		}
		if n, err := models.Count(ctx, db, models.From(userT)); n != 1000 || err != nil {
			t.Errorf("%d rows, %v", n, err)
		}
		if slices.ContainsFunc(more, func(u *User) bool { return u.ID != 0 }) {
			t.Error("a refused object has a key")
		}
	})
}
