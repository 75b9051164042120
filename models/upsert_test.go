package models_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/models"
)

// A batch upsert gives each object the key of its own row, and only those that have one
// (go-gorm/gorm#7029: keys were counted on from the last one inserted). To see it fail,
// let certain answer true.
func TestGORM7029KeysOfABatchUpsert(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		old := []*User{newUser("b"), newUser("d")}
		if _, err := models.Exec(ctx, db, models.Insert(old...)); err != nil {
			t.Fatal(err)
		}
		batch := func() []*User {
			var us []*User
			for _, n := range []string{"a", "b", "c", "d", "e"} {
				u := newUser(n)
				u.Score = 9
				us = append(us, u)
			}
			return us
		}
		stored := func() map[string]int64 {
			t.Helper()
			rows, err := models.All(ctx, db, models.From(userT))
			if err != nil {
				t.Fatal(err)
			}
			m := map[string]int64{}
			for _, u := range rows {
				m[u.Username] = u.ID
			}
			return m
		}

		us := batch()
		n, err := models.Exec(ctx, db, models.Insert(us...).OnConflict(&userT.Username).DoNothing())
		if n != 3 || err != nil {
			t.Fatalf("do nothing: %d, %v", n, err)
		}
		ids := stored()
		for _, u := range us {
			want := ids[u.Username]
			if u.Username == "b" || u.Username == "d" {
				want = 0
			}
			if u.ID != want {
				t.Errorf("do nothing: %s got the key %d, want %d", u.Username, u.ID, want)
			}
		}

		us = batch()
		n, err = models.Exec(ctx, db, models.Insert(us...).OnConflict(&userT.Username).DoUpdate(models.ToExpr(&userT.Score, models.Plus(models.Col(&userT.Score), models.Excluded(&userT.Score)))))
		if n != 5 || err != nil {
			t.Fatalf("do update: %d, %v", n, err)
		}
		for _, u := range us {
			if u.ID != ids[u.Username] {
				t.Errorf("do update: %s got the key %d, want %d", u.Username, u.ID, ids[u.Username])
			}
		}
		check(t, db, "scores", models.Select1(models.Col(&userT.Score)).OrderBy(models.Asc(&userT.Username)), 18, old[0].Score+9, 18, old[1].Score+9, 18)

		us = batch()
		got, err := models.All(ctx, db, models.Insert(us...).OnConflict(&userT.Username).
			DoUpdateWhere([]models.Cond{models.Gt(&userT.Score, 15)}, models.To(&userT.Score, 1)).Returning())
		if err != nil || len(got) != 3 || got[0] != us[0] || got[2].Username != "e" || got[2].Score != 1 || got[2].ID != ids["e"] {
			t.Errorf("do update where: %v, %v", got, err)
		}
		if us[1].ID != 0 {
			t.Error("an object whose row was left alone has a key")
		}
	})
}

func TestInsertReturning(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		a, b := newUser("a"), newUser("b")
		got, err := models.All(ctx, db, models.Insert(a, b).Returning())
		if err != nil || len(got) != 2 || got[0] != a || a.ID == 0 || b.ID == 0 || a.CreatedAt.IsZero() {
			t.Errorf("%v, %v", got, err)
		}
		s := models.NewSession(db, "")
		defer s.Close()
		one, err := models.One(ctx, s, models.Insert(newUser("c")).Returning())
		if err != nil || one.ID == 0 {
			t.Fatalf("%v, %v", one, err)
		}
		if _, err := models.All(ctx, s, models.Insert(newUser("c")).Returning()); !errors.Is(err, driver.ErrUnique) {
			t.Errorf("twice: %v", err)
		}
	})
}

func TestWritesReturning(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		users := fill(t, db)
		ctx := t.Context()
		up := models.Update(userT).Set(models.ToExpr(&userT.Score, models.Col(&userT.Score).Plus(10))).Where(models.Gt(&userT.Score, 0))
		got, err := models.All(ctx, db, up.Returning())
		if err != nil || len(got) != 2 || got[0].Score < 11 {
			t.Errorf("%v, %v", got, err)
		}
		row, err := models.First(ctx, db, models.Returning2(up.Where(models.Eq(&userT.Username, "bob")), models.Col(&userT.ID), models.Col(&userT.Score).Times(2)))
		if err != nil || row.A != users[1].ID || row.B != 42 {
			t.Errorf("%v, %v", row, err)
		}

		// In a session: the object that it has is brought up to date.
		s := models.NewSession(db, "")
		defer s.Close()
		bob, err := models.Get[User](ctx, s, users[1].ID)
		if err != nil {
			t.Fatal(err)
		}
		bob.Email = "changed"
		same, err := models.One(ctx, s, up.Where(models.Eq(&userT.Username, "bob")).Returning())
		if err != nil || same != bob || bob.Score != 31 || bob.Email != "changed" {
			t.Errorf("%v, %v", same, err)
		}
		if err := s.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		gone, err := models.All(ctx, db, models.Delete(postT).Where(models.Gt(&postT.Views, 1)).Returning())
		if err != nil || len(gone) != 2 || gone[0].Title != "c1" {
			t.Errorf("%v, %v", gone, err)
		}
		titles, err := models.All(ctx, db, models.ReturningAs[Summary](models.Delete(postT).Everywhere(), models.Col(&postT.Title).As("username")))
		if err != nil || len(titles) != 1 || titles[0].Username != "b1" {
			t.Errorf("%v, %v", titles, err)
		}
	})
}

func TestInsertFromAndJoinedWrites(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		fill(t, db)
		ctx := t.Context()
		from := models.Select2(models.Col(&userT.Username), models.Col(&userT.Email)).Where(models.Ne(&userT.Username, "bob"))
		if n, err := models.Exec(ctx, db, models.InsertFrom(tagT, from, &tagT.Name, &tagT.Label)); n != 2 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		again := models.InsertFrom(tagT, from, &tagT.Name, &tagT.Label).OnConflict(&tagT.Name)
		if n, err := models.Exec(ctx, db, again.DoNothing()); n != 0 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		names, err := models.All(ctx, db, models.Returning1(again.DoUpdate(models.To(&tagT.Label, "again")), models.Col(&tagT.Label)))
		if err != nil || fmt.Sprint(names) != "[again again]" {
			t.Errorf("%v, %v", names, err)
		}
		up := models.Update(postT).Set(models.ToExpr(&postT.Body, models.Col(&userT.Username).Concat("'s"))).Join(userT).Where(models.Eq(&userT.Username, "bob"))
		if n, err := models.Exec(ctx, db, up); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		check(t, db, "joined update", models.Select1(models.Col(&postT.Body)).OrderBy(models.Asc(&postT.ID)), "bob's", "", "")
		if n, err := models.Exec(ctx, db, models.Delete(postTagT).Join(postT).Join(userT).Where(models.Ne(&userT.Username, "bob"))); n != 2 || err != nil {
			t.Errorf("joined delete: %d, %v", n, err)
		}
	})
}

func TestWriteMistakes(t *testing.T) {
	db := open(t, "sqlite::memory:", blog)
	one := models.Select1(models.Col(&userT.Username))
	for _, c := range []struct {
		q    models.Query[*Tag]
		want string
	}{
		{models.Insert(&Tag{}).OnConflict(&tagT.Name).DoUpdate(), "use DoNothing"},
		{models.Insert(&Tag{}).OnConflict().DoUpdate(models.To(&tagT.Label, "x")), "name them in OnConflict"},
		{models.Insert(&Tag{}).OnConflict(&userT.Email).DoNothing(), "the columns are those of users, not of tags"},
		{models.Insert(&Tag{}).OnConflict(&tagT.Name, &userT.Email).DoNothing(), "email is no column of tags"},
		{models.Insert(&Tag{}).OnConflict(&tagT.Name).DoUpdate(models.To(&userT.Email, "x")), "email is no column of tags"},
		{models.Insert(&Tag{}).OnConflict(&tagT.Name).DoUpdate(models.To(&tagT.Label, "x"), models.To(&tagT.Label, "y")), "label is set twice"},
		{models.Insert(&Tag{}).OnConflict(7).DoNothing(), "int names no column"},
		{models.From(tagT).OnConflict(&tagT.Name).DoNothing(), "OnConflict does not fit"},
		{models.From(tagT).Returning(), "Returning does not fit"},
		{models.InsertFrom(tagT, one, &tagT.Name, &tagT.Label), "the query has 1 columns, and there are 2 for them"},
		{models.InsertFrom(tagT, one, &userT.Email), "email is no column of tags"},
		{models.InsertFrom(tagT, models.Select1(models.Col(&userT.ID)), &tagT.Name), "Tag.Name is text, and column 1 of the query is int64"},
		{models.InsertFrom(tagT, models.Raw[string]("SELECT 1"), &tagT.Name), "InsertFrom does not fit"},
		{models.InsertFrom(tagT, one.ForUpdate(), &tagT.Name), "leave it out"},
	} {
		if _, err := models.Exec(t.Context(), db, c.q); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	if _, err := models.All(t.Context(), db, models.Returning1(models.Insert(&Tag{}), models.Col(&tagT.Name))); err == nil || !strings.Contains(err.Error(), "use Returning") {
		t.Error(err)
	}
	if _, _, err := models.Insert(&Tag{}).SQL(models.Postgres); err == nil {
		t.Error("an Insert of objects has a text")
	}
	text, args, err := models.From(tagT).Where(models.Eq(&tagT.Name, "x")).SQL(models.Postgres)
	if text != `SELECT "name", "label" FROM "tags" WHERE "name" = $1` || fmt.Sprint(args) != "[x]" || err != nil {
		t.Errorf("%s, %v, %v", text, args, err)
	}
}
