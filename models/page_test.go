package models_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/models"
)

func TestPage(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		many(t, db, 30)
		ctx := t.Context()
		q := models.From(userT).Where(models.Eq(&userT.Active, true)).OrderBy(models.Asc(&userT.Username))
		s := models.NewSession(db, "")
		defer s.Close()
		for _, h := range []models.Handle{db, s} {
			p, err := models.Page(ctx, h, q.Limit(4).Offset(12))
			if err != nil || p.Total != 15 || len(p.Rows) != 3 || p.Rows[0].Username != "u0024" {
				t.Errorf("%+v, %v", p, err)
			}
		}
		s.Add(newUser("pending"))
		if p, err := models.Page(ctx, s, q.Limit(1)); p.Total != 16 || len(p.Rows) != 1 || err != nil {
			t.Errorf("with pending changes: %+v, %v", p, err)
		}
		groups, err := models.Page(ctx, db, models.Select2(models.Col(&userT.Score), models.CountRows()).GroupBy(&userT.Score).OrderBy(models.Asc(&userT.Score)).Limit(2))
		if err != nil || groups.Total != 7 || len(groups.Rows) != 2 {
			t.Errorf("groups: %+v, %v", groups, err)
		}
		if _, err := models.Page(ctx, db, q); err == nil || !strings.Contains(err.Error(), "Page without Limit") {
			t.Error(err)
		}
		if _, err := models.Page(ctx, db, models.Update(userT)); err == nil {
			t.Error("a page of an Update")
		}
	})
}

func TestAfter(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		many(t, db, 25)
		ctx := t.Context()
		for _, base := range []models.Query[*User]{
			models.From(userT),
			models.From(userT).OrderBy(models.Desc(&userT.CreatedAt)),
			models.From(userT).OrderBy(models.Desc(&userT.Score), models.Asc(&userT.Username)),
			models.From(userT).OrderBy(models.Asc(&userT.Active), models.Desc(&userT.Score)),
		} {
			want, err := models.All(ctx, db, base.After(""))
			if err != nil {
				t.Fatal(err)
			}
			var got []*User
			var at models.Cursor
			for {
				page := base.After(at).Limit(4)
				rows, err := models.All(ctx, db, page)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, rows...)
				if len(rows) < 4 {
					break
				}
				if at, err = models.CursorOf(page, rows[3]); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.EqualFunc(got, want, func(a, b *User) bool { return a.ID == b.ID }) {
				t.Errorf("%d rows by pages, %d at once", len(got), len(want))
			}
		}
		if _, err := models.All(ctx, db, models.From(postTagT).After("")); err != nil {
			t.Error(err)
		}
	})
}

func TestAfterMistakes(t *testing.T) {
	db := open(t, "sqlite::memory:", blog)
	q := models.From(userT).OrderBy(models.Asc(&userT.Username))
	at, err := models.CursorOf(q, newUser("x"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(at), "=") {
		t.Error("a cursor should fit into a link")
	}
	for _, c := range []struct {
		q    models.Query[*User]
		want string
	}{
		{q.After("§"), "this cursor is none of this query"},
		{q.After(at[:len(at)-2]), "this cursor is none of this query"},
		{q.After(at + "AAAA"), "this cursor is none of this query"},
		{q.OrderBy(models.Asc(&userT.Email)).After(at), "this cursor is none of this query"},
		{models.From(userT).After(at), "this cursor is none of this query"},
		{q.OrderBy(models.Asc(&userT.FullName)).After(""), "User.FullName can be NULL"},
		{models.From(userT).OrderBy(models.Asc(&userT.Settings)).After(""), "settings has no order"},
		{q.Offset(3).After(""), "it has a Join, Offset"},
		{models.From(userT).OrderBy(models.Lower(models.Col(&userT.Email)).Asc()).After(""), "something else than columns of users"},
	} {
		if _, err := models.All(t.Context(), db, c.q); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	if _, err := models.CursorOf(q, nil); err == nil {
		t.Error("a cursor of nil")
	}
}

// Whatever text comes as a cursor: a page or an error, never a panic.
func FuzzCursor(f *testing.F) {
	q := models.From(userT).OrderBy(models.Asc(&userT.Username), models.Desc(&userT.CreatedAt), models.Asc(&userT.Active), models.Asc(&userT.Score))
	at, err := models.CursorOf(q, newUser("x"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(at))
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		_, _, _ = q.After(models.Cursor(s)).SQL(models.Postgres)
	})
}
