package models_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/models"
)

// Account has a version.
type Account struct {
	models.Model
	Name    string `db:",unique"`
	Balance int
	Version int `db:",version"`
}

func TestVersion(t *testing.T) {
	r := models.NewRegistry()
	accountT := models.RegisterIn[Account](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		a, b := &Account{Name: "a"}, &Account{Name: "b"}
		s.Add(a, b)
		must(t, s.Commit(ctx))
		if a.Version != 1 {
			t.Fatalf("a new row has version %d", a.Version)
		}
		a.Balance = 5
		must(t, s.Flush(ctx))
		a.Balance = 6
		must(t, s.Commit(ctx))
		must(t, s.Commit(ctx)) // nothing changed
		if a.Version != 3 {
			t.Errorf("version %d after two changes", a.Version)
		}
		stored := func(name string) (int, int) {
			t.Helper()
			got, err := models.One(ctx, db, models.From(accountT).Where(models.Eq(&accountT.Name, name)))
			must(t, err)
			return got.Balance, got.Version
		}

		other := session(t, db)
		mine, err := models.Get[Account](ctx, other, a.ID)
		must(t, err)
		mine.Balance = 100
		must(t, other.Commit(ctx))

		a.Balance, b.Balance = 7, 7
		for range 2 {
			err := s.Commit(ctx)
			if !errors.Is(err, models.ErrStale) || !strings.Contains(err.Error(), "models_test.Account was changed or deleted meanwhile") {
				t.Fatalf("lost update: %v", err)
			}
		}
		if a.Version != 3 {
			t.Errorf("a refused change counted: %d", a.Version)
		}
		must(t, s.Refresh(ctx, a))
		if a.Balance != 100 || a.Version != 4 {
			t.Errorf("%+v", a)
		}
		a.Balance++
		must(t, s.Commit(ctx))
		if balance, version := stored("a"); balance != 101 || version != 5 {
			t.Errorf("balance %d, version %d", balance, version)
		}
		if balance, _ := stored("b"); balance != 7 {
			t.Errorf("the bystander has %d", balance)
		}

		// A rollback takes the count back, as does a commit that fails behind the flush.
		a.Balance = 1
		must(t, s.Flush(ctx))
		must(t, s.Rollback(ctx))
		if a.Version != 5 || a.Balance != 101 {
			t.Errorf("%+v", a)
		}

		// An UPDATE by query counts too, so it is noticed.
		_, err = models.Exec(ctx, db, models.Update(accountT).Set(models.To(&accountT.Balance, 0)).Where(models.Eq(&accountT.Name, "a")))
		must(t, err)
		s.Delete(a)
		if err := s.Commit(ctx); !errors.Is(err, models.ErrStale) {
			t.Errorf("deletion of a changed row: %v", err)
		}
		must(t, s.Rollback(ctx))
		must(t, s.Refresh(ctx, a))
		s.Delete(a, b)
		must(t, s.Commit(ctx))
		if n := count(t, db, accountT); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}

// What the version field has is what the row must have: so a form can bring the version
// along that its user saw.
func TestVersionOfAForm(t *testing.T) {
	r := models.NewRegistry()
	models.RegisterIn[Account](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		a := &Account{Name: "a"}
		must(t, models.Create(ctx, db, a))
		if a.Version != 1 {
			t.Errorf("%+v", a)
		}
		for i, seen := range []int{1, 1, 2} {
			s := session(t, db)
			x, err := models.Get[Account](ctx, s, a.ID)
			must(t, err)
			x.Version, x.Balance = seen, 10+i
			if err := s.Commit(ctx); errors.Is(err, models.ErrStale) != (i == 1) {
				t.Errorf("form %d: %v", i, err)
			}
			s.Close()
		}
		// An object that comes from outside of sessions is written as a whole.
		got, err := models.Get[Account](ctx, db, a.ID)
		must(t, err)
		s := session(t, db)
		got.Balance = 50
		s.Add(got)
		must(t, s.Commit(ctx))
		if got.Version != 4 {
			t.Errorf("%+v", got)
		}
		got.Balance = 51
		must(t, s.Flush(ctx))
		must(t, s.Rollback(ctx))
		if fmt.Sprint(got.Balance, got.Version) != "50 4" {
			t.Errorf("%+v", got)
		}
	})
}
