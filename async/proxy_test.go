package async_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/backend"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// through opens a database behind a proxy.
func through(t *testing.T, url string, cfg pool.Config) database {
	t.Helper()
	c, _, err := backend.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pool.New(c, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := p.Close(ctx); err != nil {
			t.Log(err)
		}
	})
	e, err := models.NewEngine(p, library)
	if err != nil {
		t.Fatal(err)
	}
	return database{async.NewDirect(e), e, p}
}

// Reads of a session that nobody awaits and that wait together go out together.
func TestUnawaitedReadsShareARoundTrip(t *testing.T) {
	url := testdb.Postgres(t)
	proxy := testdb.NewProxy(t, url)
	ctx := t.Context()
	db := through(t, proxy.URL(), pool.Config{Size: 1, Overflow: pool.NoOverflow, Flights: pool.LaneOn})
	if err := models.CreateTables(ctx, db.engine); err != nil {
		t.Fatal(err)
	}
	racks(t, db, 3)
	lock := models.Raw[string]("SELECT CAST(pg_advisory_xact_lock(1) AS text)")
	holder := models.NewSession(through(t, url, pool.Config{Size: 1}).engine, "holder")
	defer holder.Close()
	if _, err := models.All(ctx, holder, lock); err != nil {
		t.Fatal(err)
	}
	s := db.session(t)
	defer s.Close()
	if _, err := async.Count(ctx, s, models.From(rackT)).Await(ctx); err != nil {
		t.Fatal(err)
	}
	// What may share a flight is decided by how quick it was, so a loaded machine gets
	// several chances.
	trips := 0
	for range 20 {
		if trips = tenReads(t, db, s, proxy, holder, lock); trips <= 2 {
			return
		}
		if _, err := models.All(ctx, holder, lock); err != nil {
			t.Fatal(err)
		}
	}
	t.Errorf("%d round trips for ten reads", trips)
}

// tenReads submits ten reads while the only connection is busy, and counts the round trips
// that they take.
func tenReads(t *testing.T, db database, s *async.Session, proxy *testdb.Proxy, holder *models.Session, lock models.Query[string]) int {
	t.Helper()
	ctx := t.Context()
	before := proxy.Counts().RoundTrips
	busy := async.All(ctx, db, lock) // the only connection waits for the holder
	for proxy.Counts().RoundTrips == before {
		runtime.Gosched()
	}
	proxy.Reset()
	var reads []async.Awaitable
	for range 5 {
		reads = append(reads, async.Count(ctx, s, models.From(rackT)), async.All(ctx, s, models.From(volumeT)))
	}
	if err := holder.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if err := busy.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	for _, f := range reads {
		if err := f.Wait(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return proxy.Reset().RoundTrips
}

// Close returns although the server answers nothing any more, whatever is under way.
func TestCloseWhileTheServerIsABlackHole(t *testing.T) {
	proxy := testdb.NewProxy(t, testdb.Postgres(t))
	ctx := t.Context()
	cfg := pool.Config{Size: 2, Overflow: pool.NoOverflow, DrainTimeout: 200 * time.Millisecond}
	db := through(t, proxy.URL(), cfg)
	if err := models.CreateTables(ctx, db.engine); err != nil {
		t.Fatal(err)
	}
	racks(t, db, 1)
	defer func() {
		proxy.BlackHole(false)
		proxy.CutAll()
	}()
	for _, begun := range []bool{false, true} {
		proxy.BlackHole(false)
		proxy.CutAll()
		db := through(t, proxy.URL(), cfg) // whose connections are good
		s := async.NewSession(db.engine, t.Name(), 200*time.Millisecond)
		if begun {
			s.Add(&Volume{Title: "lost"})
			if err := s.Flush(ctx).Wait(ctx); err != nil {
				t.Fatal(err)
			}
		}
		proxy.BlackHole(true)
		s.Add(&Volume{Title: "lost too"})
		fs := []async.Awaitable{
			async.All(ctx, s, models.From(rackT)), async.Count(ctx, s, models.From(rackT)),
			s.Flush(ctx), s.Commit(ctx), async.All(ctx, s, models.From(volumeT)),
		}
		closed := make(chan error, 1)
		go func() { closed <- s.Close() }()
		select {
		case err := <-closed:
			t.Logf("transaction begun %v: %v", begun, err)
		case <-time.After(30 * time.Second):
			t.Fatalf("transaction begun %v: Close hangs", begun)
		}
		for i, f := range fs {
			select {
			case <-f.Done():
			default:
				t.Errorf("call %d is still pending", i)
				continue
			}
			if err := f.Wait(ctx); !errors.Is(err, models.ErrSessionClosed) {
				t.Errorf("call %d: %v", i, err)
			}
		}
	}
}
