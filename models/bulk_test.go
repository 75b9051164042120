package models_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/models"
	"pgregory.net/rapid"
)

// Cell is a narrow table for many rows.
type Cell struct {
	models.Model
	X     int  `db:",unique"`
	Y     *int `db:",default=7"`
	Label string
}

var (
	cells = models.NewRegistry()
	cellT = models.RegisterIn[Cell](cells)
)

func manyCells(n int) iter.Seq[*Cell] {
	return func(yield func(*Cell) bool) {
		for i := range n {
			if !yield(&Cell{X: i, Label: fmt.Sprint("c", i)}) {
				return
			}
		}
	}
}

func TestBulkInsert(t *testing.T) {
	both(t, cells, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		count := func(want int64) {
			t.Helper()
			if n, err := models.CountAll[Cell](ctx, db); n != want || err != nil {
				t.Errorf("%d rows, want %d; %v", n, want, err)
			}
		}
		if n, err := models.BulkInsert(ctx, db, manyCells(10_000)); n != 10_000 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		count(10_000)
		last, err := models.One(ctx, db, models.From(cellT).Where(models.Eq(&cellT.X, 9999)))
		if err != nil || last.ID != 10_000 || last.Label != "c9999" || *last.Y != 7 {
			t.Errorf("%+v, %v: keys in the order of the rows, defaults for nil pointers", last, err)
		}
		if n, err := models.BulkInsert(ctx, db, slices.Values([]*Cell{})); n != 0 || err != nil {
			t.Errorf("of nothing: %d, %v", n, err)
		}
		// Objects that leave different columns to the database, with keys of their own.
		mixed := []*Cell{{X: -1}, {X: -2, Y: ptr(1)}, {Model: models.Model{ID: 50_000}, X: -3}, {X: -4}}
		if n, err := models.BulkInsert(ctx, db, slices.Values(mixed)); n != 4 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if mixed[0].ID != 0 || mixed[0].Y != nil {
			t.Errorf("an object was changed: %+v", mixed[0])
		}
		if c, err := models.Get[Cell](ctx, db, 50_000); err != nil || c.X != -3 {
			t.Errorf("%+v, %v", c, err)
		}
		count(10_004)
		must(t, exec(ctx, db, models.Delete(cellT).Where(models.Lt(&cellT.X, 0))))

		// All or none: the last row of many is there already, the sequence fails or the
		// context ends behind the first chunk.
		clash := func(yield func(*Cell) bool) {
			for i := range 9_000 {
				if !yield(&Cell{X: 20_000 + i%8_999}) {
					return
				}
			}
		}
		if n, err := models.BulkInsert(ctx, db, clash); n != 0 || !errors.Is(err, driver.ErrUnique) {
			t.Errorf("%d, %v", n, err)
		}
		broken := errors.New("broken file")
		if n, err := models.BulkInsertFrom(ctx, db, func(yield func(*Cell, error) bool) {
			for c := range manyCells(5_000) {
				c.X += 30_000
				if !yield(c, nil) {
					return
				}
			}
			yield(nil, broken)
		}); n != 0 || !errors.Is(err, broken) {
			t.Errorf("%d, %v", n, err)
		}
		short, cancel := context.WithCancel(ctx)
		if n, err := models.BulkInsert(short, db, func(yield func(*Cell) bool) {
			for i := range 9_000 {
				if i == 5_000 {
					cancel()
				}
				if !yield(&Cell{X: 40_000 + i}) {
					return
				}
			}
		}); n != 0 || !errors.Is(err, context.Canceled) {
			t.Errorf("%d, %v", n, err)
		}
		cancel()
		for _, c := range []struct {
			rows []*Cell
			want string
		}{
			{[]*Cell{{X: 1}, nil}, "BulkInsert of a nil *models_test.Cell"},
			{[]*Cell{cellT}, "BulkInsert of the prototype of models_test.Cell"},
		} {
			if _, err := models.BulkInsert(ctx, db, slices.Values(c.rows)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		}
		if _, err := models.BulkInsert(ctx, db, slices.Values([]*mixin{{}})); err == nil || !strings.Contains(err.Error(), "has no columns of its own") {
			t.Errorf("%v", err)
		}
		count(10_000)
	})
}

func TestBulkInsertInASession(t *testing.T) {
	both(t, cells, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		first := &Cell{X: -1}
		s.Add(first) // is flushed before
		if n, err := models.BulkInsert(ctx, s, manyCells(5_000)); n != 5_000 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		if n, err := models.BulkInsert(ctx, s, manyCells(5_000)); n != 0 || !errors.Is(err, driver.ErrUnique) {
			t.Errorf("%d, %v", n, err)
		}
		if n, err := models.CountAll[Cell](ctx, s); n != 5_001 || err != nil || first.ID == 0 {
			t.Errorf("the session goes on with %d rows, %v", n, err)
		}
		if n, err := models.CountAll[Cell](ctx, db); n != 0 || err != nil {
			t.Errorf("%d rows before the commit, %v", n, err)
		}
		must(t, s.Rollback(ctx))
		if n, err := models.BulkInsert(ctx, s, manyCells(3)); n != 3 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		must(t, s.Commit(ctx))
		if n, err := models.CountAll[Cell](ctx, db); n != 3 || err != nil {
			t.Errorf("%d rows, %v", n, err)
		}
		s.Close()
		if _, err := models.BulkInsert(ctx, s, manyCells(3)); !errors.Is(err, models.ErrSessionClosed) {
			t.Errorf("%v", err)
		}
	})
}

// Every value of every type that Insert takes arrives by BulkInsert.
func TestBulkInsertOfEveryType(t *testing.T) {
	both(t, every, func(t *testing.T, db *models.Engine) {
		ctx, id := t.Context(), int64(0)
		rapid.Check(t, func(t *rapid.T) {
			rows := []*Every{drawEvery(t), drawEvery(t)}
			for _, e := range rows {
				id++
				e.ID = id
			}
			if _, err := models.BulkInsert(ctx, db, slices.Values(rows)); err != nil {
				t.Fatal(err)
			}
			for _, e := range rows {
				got, err := models.Get[Every](ctx, db, e.ID)
				if err != nil || plain(got) != plain(e) {
					t.Fatalf("%v\nwrote %s\nread  %s", err, plain(e), plain(got))
				}
			}
		})
	})
	r := models.NewRegistry()
	models.RegisterIn[Owned](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		o := anOwned()
		o.ID = 7
		if _, err := models.BulkInsert(t.Context(), db, slices.Values([]*Owned{o})); err != nil {
			t.Fatal(err)
		}
		got, err := models.Get[Owned](t.Context(), db, 7)
		if err != nil || ownedText(got) != ownedText(o) {
			t.Errorf("%v\nwrote %s\nread  %s", err, ownedText(o), ownedText(got))
		}
	})
}

// Memory does not grow with the number of rows: while they are taken from the sequence,
// only those of the last chunks are kept.
func TestBulkInsertKeepsFewRows(t *testing.T) {
	both(t, cells, func(t *testing.T, db *models.Engine) {
		var freed atomic.Int64
		rows := func(yield func(*Cell) bool) {
			for i := range int64(20_000) {
				c := &Cell{X: int(i)}
				runtime.AddCleanup(c, func(struct{}) { freed.Add(1) }, struct{}{})
				if !yield(c) {
					return
				}
			}
			for end := time.Now().Add(20 * time.Second); freed.Load() < 10_000; runtime.Gosched() {
				if time.Now().After(end) {
					t.Errorf("all but %d of 20000 rows are kept", freed.Load())
					return
				}
				runtime.GC()
			}
		}
		if _, err := models.BulkInsert(t.Context(), db, rows); err != nil {
			t.Fatal(err)
		}
	})
}
