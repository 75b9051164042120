package models_test

import (
	"errors"
	"testing"

	"github.com/spillwaydb/spillway/models"
)

func TestRefresh(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		ada, bob := newUser("ada"), newUser("bob")
		s.Add(ada, bob)
		must(t, s.Commit(ctx))
		_, err := models.Exec(ctx, db, models.Update(userT).Set(models.To(&userT.Score, 9)).Everywhere())
		must(t, err)
		ada.Email = "lost"
		must(t, s.Refresh(ctx, ada, bob))
		if ada.Score != 9 || bob.Score != 9 || ada.Email != "ada@example.com" {
			t.Errorf("%+v %+v", ada, bob)
		}
		if changed := models.Changed(s, ada); len(changed) > 0 {
			t.Errorf("just read, and %v changed", changed)
		}
		for _, x := range []any{newUser("x"), &User{}, 42} {
			if err := s.Refresh(ctx, x); err == nil {
				t.Errorf("Refresh(%T) of a stranger", x)
			}
		}
		if err := s.Refresh(ctx, newUser("x")); !errors.Is(err, models.ErrDetached) {
			t.Errorf("%v", err)
		}
		_, err = models.Exec(ctx, db, models.Update(userT).Set(models.To(&userT.Score, 10)).Everywhere())
		must(t, err)
		_, err = models.Exec(ctx, db, models.Delete(userT).Where(models.Eq(&userT.ID, bob.ID)))
		must(t, err)
		if err := s.Refresh(ctx, ada, bob); !errors.Is(err, models.ErrNotFound) || ada.Score == 10 {
			t.Errorf("%v, score %v", err, ada.Score)
		}
	})
}

func TestExpire(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		must(t, models.Create(ctx, db, newUser("ada")))
		ada, err := models.One(ctx, s, models.From(userT))
		must(t, err)
		for i, expire := range []func(){func() { s.Expire(ada) }, func() { s.Expire() }} {
			score := float64(10 + i)
			_, err = models.Exec(ctx, db, models.Update(userT).Set(models.To(&userT.Score, score)).Everywhere())
			must(t, err)
			if got, err := models.Get[User](ctx, s, ada.ID); err != nil || got != ada || ada.Score == score {
				t.Errorf("before: %+v, %v", got, err)
			}
			expire()
			if ada.Score == score {
				t.Error("a field changed without a read")
			}
			if got, err := models.Get[User](ctx, s, ada.ID); err != nil || got != ada || ada.Score != score {
				t.Errorf("after: %+v, %v", got, err)
			}
		}
	})
}
