package integration

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

// Many goroutines that each insert single rows, each row a commit of its own, are what
// breaks a SQLite behind an ordinary pool.
func TestSixtyFourGoroutinesInsertIntoAFile(t *testing.T) {
	t.Parallel() // it waits for the disk most of the time
	insertBesideReaders(t, testdb.SQLite(t), 64, 1000)
}

func TestSixtyFourGoroutinesInsertIntoMemory(t *testing.T) {
	t.Parallel()
	insertBesideReaders(t, "sqlite::memory:", 64, 1000)
}

func insertBesideReaders(t *testing.T, url string, writers, each int) {
	ctx := t.Context()
	db := open(t, spillway.Config{URL: url})
	var (
		acked  atomic.Int64
		fresh  = make(chan int64) // ids that were just acknowledged, as far as a reader is free
		reads  atomic.Int64
		busy   sync.WaitGroup
		beside sync.WaitGroup
	)
	complain := func(what string, err error) {
		t.Errorf("%s: %v", what, err)
		if err != nil && (errors.Is(err, spillway.ErrBusy) || strings.Contains(err.Error(), "SQLITE_BUSY")) {
			t.Error("SQLITE_BUSY inside one process")
		}
	}
	for range 4 {
		beside.Go(func() {
			for id := range fresh {
				if x, err := models.Get[entry](ctx, db, id); err != nil || x.ID != id {
					complain(fmt.Sprintf("row %d was acknowledged before the read began", id), err)
				}
				if reads.Add(1)%2000 == 0 { // costs more, the more rows there are
					least := acked.Load()
					if n, err := models.Count(ctx, db, models.From(entryT)); err != nil || n < least {
						complain(fmt.Sprintf("%d rows counted after %d were acknowledged", n, least), err)
					}
				}
			}
		})
	}
	begin := time.Now()
	for w := range writers {
		busy.Go(func() {
			for i := range each {
				x := &entry{Owner: int64(w), Token: fmt.Sprintf("%d/%d", w, i), Value: int64(i)}
				var err error
				if i%2 == 0 {
					err = models.Create(ctx, db, x)
				} else {
					_, err = models.Exec(ctx, db, models.Insert(x))
				}
				if err != nil {
					complain("insert", err)
					return
				}
				acked.Add(1)
				select {
				case fresh <- x.ID:
				default:
				}
			}
		})
	}
	busy.Wait()
	took := time.Since(begin)
	close(fresh)
	beside.Wait()
	s := db.Stats()
	t.Logf("%d commits in %v: %.0f/s, beside %d reads; %d connections", acked.Load(), took.Round(time.Millisecond), float64(acked.Load())/took.Seconds(), reads.Load(), s.Connects)
	if reads.Load() == 0 {
		t.Error("nothing was read meanwhile")
	}
	if n, err := models.Count(ctx, db, models.From(entryT)); err != nil || n != int64(writers*each) {
		t.Errorf("%d rows, want %d (%v)", n, writers*each, err)
	}
	if stored := tokens(ctx, t, db); len(stored) != writers*each {
		t.Errorf("%d different rows, want %d", len(stored), writers*each)
	}
	if s.Failed+s.Unknown+s.Canceled != 0 {
		t.Errorf("the pool counts %d failed, %d unknown, %d canceled", s.Failed, s.Unknown, s.Canceled)
	}
}
