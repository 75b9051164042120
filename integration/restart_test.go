package integration

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

// load is goroutines that read and write until they are stopped.
type load struct {
	*ledger
	reads, badReads atomic.Int64
	// goodReads and goodWrites count per goroutine.
	goodReads, goodWrites []atomic.Int64

	stop chan struct{}
	work sync.WaitGroup
}

// startLoad starts goroutines that write a row and read one in turn.
func startLoad(ctx context.Context, t *testing.T, db *spillway.DB, goroutines int) *load {
	l := &load{
		ledger: newLedger(), stop: make(chan struct{}),
		goodReads: make([]atomic.Int64, goroutines), goodWrites: make([]atomic.Int64, goroutines),
	}
	for g := range goroutines {
		l.work.Go(func() {
			var last int64
			for i := 0; ; i++ {
				select {
				case <-l.stop:
					return
				default:
				}
				x := &entry{Owner: int64(g), Token: fmt.Sprintf("%d/%d", g, i)}
				err := write(ctx, db, x, i%3)
				l.book(x.Token, err)
				if err == nil {
					l.goodWrites[g].Add(1)
					last = x.ID
				}
				if last == 0 {
					continue
				}
				l.reads.Add(1)
				switch y, err := models.Get[entry](ctx, db, last); {
				case errors.Is(err, models.ErrNotFound):
					t.Errorf("row %d was acknowledged and is not there", last)
				case err != nil:
					l.badReads.Add(1)
				case y.Owner != int64(g):
					t.Errorf("row %d belongs to %d, want %d", last, y.Owner, g)
				default:
					l.goodReads[g].Add(1)
				}
			}
		})
	}
	t.Cleanup(l.end) // also when the test fails half way
	return l
}

// write inserts x in one of three ways: alone, in a session's commit that flushes, and
// in a session whose flush and commit are two trips.
func write(ctx context.Context, db *spillway.DB, x *entry, way int) error {
	if way == 0 {
		return models.Create(ctx, db, x)
	}
	s := db.Session()
	defer s.Close()
	s.Add(x)
	if way == 2 {
		if err := s.Flush(ctx); err != nil {
			return err
		}
	}
	return s.Commit(ctx)
}

// end stops the goroutines and waits for them.
func (l *load) end() {
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	l.work.Wait()
}

// progress waits until every goroutine has read and written n times more.
func (l *load) progress(t *testing.T, n int64) {
	t.Helper()
	type goals struct{ reads, writes int64 }
	want := make([]goals, len(l.goodReads))
	for g := range want {
		want[g] = goals{l.goodReads[g].Load() + n, l.goodWrites[g].Load() + n}
	}
	begin := time.Now()
	eventually(t, 30*time.Second, "every goroutine reads and writes", func() bool {
		for g := range want {
			if l.goodReads[g].Load() < want[g].reads || l.goodWrites[g].Load() < want[g].writes {
				return false
			}
		}
		return true
	})
	t.Logf("every goroutine did %d reads and writes within %v", n, time.Since(begin).Round(time.Millisecond))
}

// The server goes away under 50 goroutines and comes back, in order and as in a crash.
func TestServerRestartsUnderLoad(t *testing.T) {
	t.Parallel()
	cluster := testdb.NewCluster(t)
	mustBeDurable(t, cluster.URL())
	for name, stop := range map[string]func(*testing.T){
		"shutdown": func(t *testing.T) {
			if err := cluster.Shutdown(); err != nil {
				t.Fatal(err)
			}
		},
		"crash": func(t *testing.T) {
			if err := cluster.Stop(); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, spillway.Config{URL: cluster.URL()})
			if _, err := models.Exec(t.Context(), db, models.Delete(entryT).Everywhere()); err != nil {
				t.Fatal(err)
			}
			l := startLoad(t.Context(), t, db, 50)
			l.progress(t, 5)
			stop(t)
			if err := cluster.Start(); err != nil {
				t.Fatal(err)
			}
			l.progress(t, 5)
			l.end()
			l.check(t, tokens(t.Context(), t, db))
			s := db.Stats()
			t.Logf("%d of %d reads failed; %d connects, %d of them failed, generation %d", l.badReads.Load(), l.reads.Load(), s.Connects+s.ConnectErrors, s.ConnectErrors, s.Generation)
			if n := uint64(len(l.unknown)); s.Unknown != n {
				t.Errorf("the pool counts %d outcomes as unknown, the callers %d", s.Unknown, n)
			}
		})
	}
}

// Connections are cut while answers are on their way: what the caller is told has to
// hold in each case.
func TestCutConnectionsUnderLoad(t *testing.T) {
	proxy := testdb.NewProxy(t, testdb.Postgres(t))
	db := open(t, spillway.Config{URL: proxy.URL()})
	l := startLoad(t.Context(), t, db, 20)
	// Which statement a cut meets is chance: it goes on until a write was among them.
	for n := 0; n < 12 || n < 200 && l.unknowns() == 0; n++ {
		l.progress(t, 1)
		switch n % 3 {
		case 0:
			proxy.Cut(testdb.CutBefore)
		case 1:
			proxy.Cut(testdb.CutAfter)
		default:
			proxy.CutAll()
		}
	}
	l.progress(t, 2)
	l.end()
	l.check(t, tokens(t.Context(), t, db))
	if s := db.Stats(); s.Unknown != uint64(len(l.unknown)) {
		t.Errorf("the pool counts %d outcomes as unknown, the callers %d", s.Unknown, len(l.unknown))
	}
	if len(l.unknown) == 0 {
		t.Error("no outcome was unknown: no write was cut")
	}
}
