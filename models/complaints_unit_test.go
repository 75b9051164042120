package models_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/models"
)

// A flush that fails leaves the transaction usable, without a Rollback
// (sqlalchemy/sqlalchemy#10251: "This Session's transaction has been rolled back due to a
// previous exception during flush"). To see it fail, take the SAVEPOINT out of
// flush.start.
func TestSQLAlchemy10251FailedFlushNeedsNoRollback(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		s.Add(newUser("ada"))
		must(t, s.Flush(ctx))
		again := newUser("ada")
		s.Add(again)
		if err := s.Flush(ctx); !errors.Is(err, driver.ErrUnique) {
			t.Fatal(err)
		}
		s.Expunge(again)
		if n := count(t, s, userT); n != 1 {
			t.Errorf("%d rows", n)
		}
		must(t, s.Commit(ctx))
		if n := count(t, db, userT); n != 1 {
			t.Errorf("%d rows", n)
		}
	})
}

// A query shows what the session knows of a row, and there are three ways to see what
// others did since (sqlalchemy/sqlalchemy#4700: a stale identity map surprises). To see
// it fail, take u.populate out of rowsCall, or the epochs out of Unit.loaded.
func TestSQLAlchemy4700SeeingWhatOthersDid(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		ada := newUser("ada")
		must(t, models.Create(ctx, db, ada))
		s := session(t, db)
		q := models.From(userT)
		mine, err := models.One(ctx, s, q)
		must(t, err)
		for i, look := range []func() error{
			func() error { s.Expire(mine); _, err := models.One(ctx, s, q); return err },
			func() error { return s.Refresh(ctx, mine) },
			func() error { _, err := models.One(ctx, s, q.PopulateExisting()); return err },
		} {
			score := float64(100 + i)
			_, err := models.Exec(ctx, db, models.Update(userT).Set(models.To(&userT.Score, score)).Everywhere())
			must(t, err)
			if got, err := models.One(ctx, s, q); got != mine || err != nil || mine.Score == score {
				t.Errorf("%d: %+v, %v", i, got, err)
			}
			must(t, look())
			if mine.Score != score {
				t.Errorf("%d: score %v", i, mine.Score)
			}
		}
	})
}

// Refresh of a relation loads just that (sqlalchemy/sqlalchemy#8701: refresh with a
// relationship's name had surprises). To see it fail, let refreshing.Finish keep the
// relation's words.
func TestSQLAlchemy8701RefreshOfARelation(t *testing.T) {
	both(t, archive, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		f := &Folder{Name: "f"}
		f.Papers.Add(&Paper{Text: "a"})
		s.Add(f)
		must(t, s.Commit(ctx))
		_, err := f.Papers.Load(ctx) // what a commit has made old is read again anyway
		must(t, err)
		must(t, models.Create(ctx, db, &Paper{Text: "b", FolderID: f.ID}))
		f.Name = "kept"
		must(t, s.Refresh(ctx, f, &f.Papers))
		if ps, err := f.Papers.Items(); len(ps) != 2 || err != nil || f.Name != "kept" {
			t.Errorf("%d, %v, %+v", len(ps), err, f)
		}
	})
}

// A field that became zero is written (go-gorm/gorm#202: Updates of a struct skips zero
// values), and one that is zero is inserted as zero in spite of its default. To see it
// fail, leave zero fields out of record.changed, or let mapping.finish make fields with a
// default optional that can not be NULL.
func TestGORM202ZeroValues(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		u := newUser("ada")
		name := ""
		u.Active, u.Score, u.FullName = true, 7, &name
		zero := &User{Username: "zero", Email: "zero"} // Active has the default true
		s.Add(u, zero)
		must(t, s.Commit(ctx))
		u.Active, u.Score, u.FullName = false, 0, nil
		must(t, s.Commit(ctx))
		got, err := models.All(ctx, db, models.From(userT))
		must(t, err)
		for _, x := range got {
			if x.Active || x.Score != 0 || x.FullName != nil {
				t.Errorf("%+v", x)
			}
		}
	})
}

// Saving an object writes what changed in the objects that it leads to, and nothing else
// (go-gorm/gorm#3487: associations are upserted with each Save, or are not saved at all).
// To see it fail, let plan write objects that are not dirty.
func TestGORM3487AssociationsAreWrittenWhenTheyChanged(t *testing.T) {
	both(t, archive, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		f := &Folder{Name: "f"}
		a, b := &Paper{Text: "a"}, &Paper{Text: "b"}
		f.Papers.Add(a, b)
		s.Add(f)
		must(t, s.Commit(ctx))
		_, err := models.Exec(ctx, db, models.Update(paperT).Set(models.To(&paperT.Text, "theirs")).Everywhere())
		must(t, err)
		f.Name, a.Text = "g", "mine"
		must(t, s.Commit(ctx))
		got, err := models.All(ctx, db, models.From(paperT).OrderBy(models.Asc(&paperT.ID)))
		must(t, err)
		if len(got) != 2 || got[0].Text != "mine" || got[1].Text != "theirs" {
			t.Errorf("%+v %+v", got[0], got[1])
		}
	})
}

// A query is a value: what one user of it adds, no other sees (go-gorm/gorm#4513: a shared
// *gorm.DB keeps the conditions of its users). To see it fail, take the copy out of
// Query.with, or a clip out of Query.Where.
func TestGORM4513SharedQuery(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		for i := range 20 {
			must(t, models.Create(ctx, db, newUser(fmt.Sprint("u", i))))
		}
		shared := models.From(userT).Where(models.HasPrefix(&userT.Username, "u")).Where(models.NotNull(&userT.Email))
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				name := fmt.Sprint("u", i)
				got, err := models.All(ctx, db, shared.Where(models.Eq(&userT.Username, name)).Limit(2))
				if err != nil || len(got) != 1 || got[0].Username != name {
					t.Errorf("%s: %v, %v", name, got, err)
				}
			})
		}
		wg.Wait()
		if n := countOf(t, db, shared); n != 20 {
			t.Errorf("%d", n)
		}
	})
}

// A join leaves out rows that are marked as deleted, on both sides (go-gorm/gorm#4918,
// #6054: Joins ignored soft delete). To see it fail, take live out of Writer.simple.
func TestGORM4918JoinsAndSoftDelete(t *testing.T) {
	both(t, archive, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		a, b := &Folder{Name: "a"}, &Folder{Name: "b"}
		pa, pb := &Paper{Text: "pa"}, &Paper{Text: "pb"}
		a.Papers.Add(pa)
		b.Papers.Add(pb, &Paper{Text: "pc"})
		s.Add(a, b)
		must(t, s.Commit(ctx))
		_, err := models.Exec(ctx, db, models.Delete(folderT).Where(models.Eq(&folderT.ID, a.ID)))
		must(t, err)
		s.Delete(pb)
		must(t, s.Commit(ctx))
		rows, err := models.All(ctx, db, models.Select2(models.Col(&folderT.Name), models.Col(&paperT.Text)).Join(paperT))
		must(t, err)
		if fmt.Sprint(rows) != "[{b pc}]" {
			t.Errorf("%v", rows)
		}
	})
}

// Goroutines may share a transaction (ent/ent#3423: "driver: bad connection" and races
// when they do). To see it fail, take the lock out of Session.enter.
func TestEnt3423GoroutinesInATransaction(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		err := models.InTx(t.Context(), db, "test", models.TxOptions{}, func(ctx context.Context, s *models.Session) error {
			var wg sync.WaitGroup
			for i := range 30 {
				wg.Go(func() {
					if err := models.Create(ctx, s, newUser(fmt.Sprint("u", i))); err != nil {
						t.Error(err)
					}
					if _, err := models.Count(ctx, s, models.From(userT)); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			return nil
		})
		must(t, err)
		if n := count(t, db, userT); n != 30 {
			t.Errorf("%d rows", n)
		}
	})
}

// What is wrong with an object is told before it is written, also for what is a table
// (fastapi/sqlmodel#324, #406: table models are not validated). To see it fail, take
// validate out of table.before.
func TestSQLModel324Validation(t *testing.T) {
	both(t, desk, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		x := &Ticket{}
		s.Add(x)
		if err := s.Commit(ctx); !errors.Is(err, models.ErrInvalid) || !containsText(err, "this models_test.Ticket is not valid: a title is missing") {
			t.Fatal(err)
		}
		x.Title = "now"
		must(t, s.Commit(ctx))
		x.Title = ""
		if err := s.Commit(ctx); !errors.Is(err, models.ErrInvalid) {
			t.Fatal(err)
		}
	})
}
