package models_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/spillwaydb/spillway/internal/backend"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// Tally is the table of the test of snapshots.
type Tally struct {
	models.Model
	Count int
}

// Sessions of one snapshot see one state, while others go on writing.
func TestSessionsOfASnapshotSeeOneState(t *testing.T) {
	r := models.NewRegistry()
	tallyT := models.RegisterIn[Tally](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		tally := &Tally{}
		must(t, models.Create(t.Context(), db, tally))
		stop := make(chan struct{})
		var writer sync.WaitGroup
		writer.Go(func() {
			up := models.Update(tallyT).Set(models.ToExpr(&tallyT.Count, models.Col(&tallyT.Count).Plus(1))).Everywhere()
			for {
				select {
				case <-stop:
					return
				default:
					if _, err := models.Exec(t.Context(), db, up); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
		defer writer.Wait()
		defer close(stop)
		last := -1
		for range 40 {
			const n = 8
			var counts [2 * n]int
			err := models.InSnapshot(t.Context(), db, "snapshot", n, func(ctx context.Context, sessions []*models.Session) error {
				var all sync.WaitGroup
				for i, s := range sessions {
					all.Go(func() {
						for j := range 2 {
							x, err := models.One(ctx, s, models.Select1(models.Col(&tallyT.Count)))
							if err != nil {
								t.Error(err)
							}
							counts[2*i+j] = x
							_, err = models.One(ctx, db, models.Select1(models.Col(&tallyT.Count))) // gives the writer time
							if err != nil {
								t.Error(err)
							}
						}
					})
				}
				all.Wait()
				return nil
			})
			must(t, err)
			for _, c := range counts {
				if c != counts[0] || c < last {
					t.Fatalf("one snapshot, and the counts %v after %d", counts, last)
				}
			}
			last = counts[0]
		}
		if last <= 0 {
			t.Error("nothing was written meanwhile")
		}
	})
}

func TestASnapshotIsForReading(t *testing.T) {
	r := models.NewRegistry()
	models.RegisterIn[Tally](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ours := errors.New("ours")
		for _, n := range []int{1, 2} {
			err := models.InSnapshot(t.Context(), db, "snapshot", n, func(ctx context.Context, sessions []*models.Session) error {
				if err := sessions[n-1].Commit(ctx); !errors.Is(err, models.ErrInner) {
					t.Errorf("Commit: %v", err)
				}
				if err := models.Create(ctx, sessions[n-1], &Tally{}); !errors.Is(err, driver.ErrReadOnly) {
					t.Errorf("a write: %v", err)
				}
				return ours
			})
			if !errors.Is(err, ours) {
				t.Errorf("%v", err)
			}
		}
		if err := models.InSnapshot(t.Context(), db, "snapshot", 0, nil); err == nil || !strings.Contains(err.Error(), "want 1 or more") {
			t.Errorf("no session: %v", err)
		}
		if n, err := models.CountAll[Tally](t.Context(), db); n != 0 || err != nil {
			t.Errorf("%d rows, %v", n, err)
		}
	})
}

// Who asks for more connections than there are is told, and nobody waits for himself.
func TestASnapshotLargerThanThePool(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		c, _, err := backend.Open(url)
		must(t, err)
		p, err := pool.New(c, pool.Config{Size: 2, Overflow: pool.NoOverflow})
		must(t, err)
		defer p.Close(context.Background())
		e, err := models.NewEngine(p, models.NewRegistry())
		must(t, err)
		err = models.InSnapshot(t.Context(), e, "snapshot", 3, func(context.Context, []*models.Session) error {
			t.Error("called")
			return nil
		})
		if !errors.Is(err, pool.ErrPoolDeadlock) {
			t.Errorf("%v", err)
		}
		if n, err := models.One(t.Context(), e, models.Raw[int]("SELECT 1")); n != 1 || err != nil {
			t.Errorf("afterwards: %d, %v", n, err)
		}
	})
}
