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

// many writes users u0000, u0001, … whose scores repeat.
func many(t testing.TB, db *models.Engine, n int) []*User {
	t.Helper()
	us := make([]*User, n)
	for i := range us {
		us[i] = newUser(fmt.Sprintf("u%04d", i))
		us[i].Score, us[i].Active = float64(i%7), i%2 == 0
	}
	if _, err := models.Exec(t.Context(), db, models.Insert(us...)); err != nil {
		t.Fatal(err)
	}
	return us
}

// drain reads an Each to its end.
func drain[R any](ctx context.Context, h models.Handle, q models.Query[R]) (out []R, err error) {
	for r, err := range models.Each(ctx, h, q) {
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
	return out, nil
}

func TestEach(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		many(t, db, 53)
		ctx := t.Context()
		u := models.From(userT)
		for name, q := range map[string]models.Query[*User]{
			"by key":               u,
			"by a column":          u.OrderBy(models.Desc(&userT.Score)),
			"by columns both ways": u.OrderBy(models.Desc(&userT.Score), models.Asc(&userT.Active), models.Desc(&userT.Username)),
			"with a limit":         u.OrderBy(models.Asc(&userT.Score)).Limit(23),
			"with a limit of one":  u.Limit(1),
			"with a limit of none": u.Limit(0),
			"with a condition":     u.Where(models.Eq(&userT.Active, true)),
			"nothing":              u.Where(models.Eq(&userT.Username, "nobody")),
			"by an expression":     u.OrderBy(models.Col(&userT.Score).Neg().Asc(), models.Asc(&userT.ID)),
			"by what can be NULL":  u.OrderBy(models.Asc(&userT.FullName), models.Asc(&userT.ID)),
			"with an offset":       u.OrderBy(models.Asc(&userT.ID)).Offset(10).Limit(30),
			"distinct":             u.Distinct().OrderBy(models.Asc(&userT.ID)),
		} {
			all := q
			if !strings.Contains(name, "offset") && name != "with a limit" {
				all = q.OrderBy(models.Asc(&userT.ID))
			}
			if name == "by a column" {
				all = q.OrderBy(models.Desc(&userT.ID)) // the key follows the direction
			}
			if name == "with a limit" {
				all = q.OrderBy(models.Asc(&userT.ID))
			}
			want, err := models.All(ctx, db, all)
			if err != nil {
				t.Fatal(name, err)
			}
			for _, chunk := range []int{1, 7, 53, 500} {
				s := models.NewSession(db, "")
				writing := models.NewSession(db, "")
				if backendOf(t) == "postgres" { // a cursor in the session's transaction
					if _, err := models.Exec(ctx, writing, models.Update(postT).Set(models.To(&postT.Body, "")).Everywhere()); err != nil {
						t.Fatal(err)
					}
				}
				for how, h := range map[string]models.Handle{"db": db, "session": s, "transaction": writing} {
					got, err := drain(ctx, h, q.Chunk(chunk))
					if err != nil || !slices.EqualFunc(got, want, func(a, b *User) bool { return a.ID == b.ID && a.Email == b.Email }) {
						t.Errorf("%s, %s, chunks of %d: %d rows, want %d; %v", name, how, chunk, len(got), len(want), err)
					}
				}
				s.Close()
				writing.Close()
			}
		}
		pairs := models.Select2(models.Col(&userT.Username), models.Col(&userT.Score)).OrderBy(models.Desc(&userT.Username))
		if got, err := drain(ctx, db, pairs.Chunk(10)); len(got) != 53 || got[52].A != "u0000" || err != nil {
			t.Errorf("pairs: %d, %v", len(got), err)
		}
		raw := models.Raw[models.Tuple]("SELECT id, username FROM users WHERE score > :score ORDER BY id -- ;\n;", models.Args{"score": 5.5}).ReadOnly()
		if got, err := drain(ctx, db, raw.Chunk(3)); len(got) != 7 || got[0].Values[1] != "u0006" || err != nil {
			t.Errorf("raw: %v, %v", got, err)
		}
	})
}

// In a session the loop may use the session, objects it has come as they are, others stay
// strangers to it; breaking off gives everything back.
func TestEachInASession(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		users := many(t, db, 20)
		ctx := t.Context()
		s := models.NewSession(db, "")
		defer s.Close()
		mine, err := models.Get[User](ctx, s, users[3].ID)
		if err != nil {
			t.Fatal(err)
		}
		mine.Username = "zzz" // what the order goes by must not be this
		q := models.From(userT).OrderBy(models.Asc(&userT.Username)).Chunk(2)
		n := 0
		for u, err := range models.Each(ctx, s, q) {
			if err != nil {
				t.Fatal(err)
			}
			if u.ID == mine.ID && u != mine {
				t.Error("the session has this object, and another was given")
			}
			n++
			if _, err := models.Count(ctx, s, models.From(postT)); err != nil {
				t.Fatal(err)
			}
		}
		if n != 20 {
			t.Errorf("%d rows", n)
		}
		for u := range models.Each(ctx, s, q) {
			u.Email = "touched"
			if u != mine {
				s.Add(u)
			}
			break
		}
		if err := s.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		if n, err := models.Count(ctx, db, models.From(userT).Where(models.Eq(&userT.Email, "touched"))); n != 1 || err != nil {
			t.Errorf("%d objects were written, %v", n, err)
		}
		for range models.Each(ctx, db, models.Select1(models.Col(&userT.ID)).Chunk(2)) {
			break // gives its connection back: the pool is closed at the end of the test
		}
		ended, cancel := context.WithCancel(ctx)
		defer cancel()
		for i := range 2 {
			var last error
			for _, err := range models.Each(ended, db, models.Select1(models.Col(&userT.ID)).Chunk(2)) {
				cancel()
				last = err
			}
			if !errors.Is(last, context.Canceled) {
				t.Errorf("%d: the context ended, the loop says %v", i, last)
			}
		}
	})
}

func TestEachMistakes(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		many(t, db, 3)
		ctx := t.Context()
		s := models.NewSession(db, "")
		defer s.Close()
		s.Add(&Tag{Name: "x"})
		if err := s.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		last := func(h models.Handle, q models.Query[*User]) error { _, err := drain(ctx, h, q); return err }
		for _, c := range []struct {
			err  error
			want string
		}{
			{last(db, models.Query[*User]{}), "a zero Query"},
			{last(db, models.From(userT).Chunk(0)), "Chunk(0): want 1 or more"},
			{last(db, models.Update(userT)), "Each does not fit"},
			{last(db, models.From(userT).ForUpdate()), "outside of a session"},
			{last(s, models.From(userT).Join(postT).ForUpdate()), "Each with a lock goes by key only"},
		} {
			if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", c.err, c.want)
			}
		}
		err := last(s, models.From(userT).OrderBy(models.Asc(&userT.FullName)))
		if backendOf(t) == "sqlite" && (err == nil || !strings.Contains(err.Error(), "User.FullName can be NULL") || !strings.Contains(err.Error(), "on sqlite")) {
			t.Errorf("in a transaction of sqlite: %v", err)
		}
		if backendOf(t) == "postgres" && err != nil {
			t.Error(err)
		}
		if _, err := drain(ctx, db, models.Raw[int]("SELECT 1")); err == nil || !strings.Contains(err.Error(), "needs ReadOnly") {
			t.Error(err)
		}
	})
}
