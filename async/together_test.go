package async_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// Reads of a transaction that nobody awaits in between go out together: the first by
// itself at most, the others while it is on its way, and their loads likewise.
func TestUnawaitedReadsOfATransactionGoOutTogether(t *testing.T) {
	proxy := testdb.NewProxy(t, testdb.Postgres(t))
	ctx := t.Context()
	db := through(t, proxy.URL(), pool.Config{Size: 1, Overflow: pool.NoOverflow, Flights: pool.LaneOn})
	if err := models.CreateTables(ctx, db.engine); err != nil {
		t.Fatal(err)
	}
	racks(t, db, 5)
	s := db.session(t)
	defer s.Close()
	if err := s.Begin(ctx, models.TxOptions{}).Wait(ctx); err != nil {
		t.Fatal(err)
	}
	const n = 20
	for _, c := range []struct {
		name     string
		do       func() []async.Awaitable
		executes int // at least
	}{
		{"futures", func() (fs []async.Awaitable) {
			for i := range n / 2 {
				fs = append(fs, async.All(ctx, s, models.From(volumeT).Limit(i+1)), async.Count(ctx, s, models.From(rackT)))
			}
			return fs
		}, n},
		{"Gather", func() []async.Awaitable {
			var fs []*async.Future[[]*Volume]
			for i := range n {
				fs = append(fs, async.All(ctx, s, models.From(volumeT).Where(models.Gt(&volumeT.ID, int64(i)))))
			}
			return []async.Awaitable{async.Gather(fs...)}
		}, n},
		{"Get", func() (fs []async.Awaitable) {
			for i := range n {
				fs = append(fs, async.Get[Rack](ctx, s, 1000+i))
			}
			return fs
		}, n},
		{"loads", func() (fs []async.Awaitable) {
			for range n {
				fs = append(fs, async.All(ctx, s, models.From(rackT).With(models.SelectIn(&rackT.Volumes, models.SelectIn(&volumeT.Rack)))))
			}
			return fs
		}, 2 * n},
	} {
		// How soon the worker wakes up is not ours to say: the best of several.
		best := testdb.Counts{RoundTrips: 1000}
		for range 5 {
			proxy.Reset()
			for _, f := range c.do() {
				if err := f.Wait(ctx); err != nil && !errors.Is(err, models.ErrNotFound) {
					t.Fatal(err)
				}
			}
			if got := proxy.Reset(); got.RoundTrips < best.RoundTrips && got.Execute >= c.executes {
				best = got
			}
		}
		if best.RoundTrips > 4 || best.Sync > 4 {
			t.Errorf("%s: %+v for %d calls in a transaction", c.name, best, n)
		}
		t.Logf("%s: %+v", c.name, best)
	}
}

// A call of the test that follows: what it is answered is told in words.
var calls = []struct {
	name string
	do   func(ctx context.Context, s *async.Session) func() (any, error)
}{
	{"racks", func(ctx context.Context, s *async.Session) func() (any, error) {
		f := async.All(ctx, s, models.Select1(models.Col(&rackT.Name)).OrderBy(models.Asc(&rackT.ID)))
		return func() (any, error) { return f.Await(ctx) }
	}},
	{"count", func(ctx context.Context, s *async.Session) func() (any, error) {
		f := async.Count(ctx, s, models.From(rackT))
		return func() (any, error) { return f.Await(ctx) }
	}},
	{"get", func(ctx context.Context, s *async.Session) func() (any, error) {
		f := async.Get[Rack](ctx, s, 1000) // there is none, so the database is asked
		return func() (any, error) {
			_, err := f.Await(ctx)
			return nil, err
		}
	}},
	{"bad", func(ctx context.Context, s *async.Session) func() (any, error) {
		id := models.Col(&rackT.ID)
		f := async.All(ctx, s, models.From(rackT).Where(models.Div(id, id.Times(0)).Gt(0))) // NULL on SQLite
		return func() (any, error) {
			all, err := f.Await(ctx)
			return len(all), err
		}
	}},
	{"create", func(ctx context.Context, s *async.Session) func() (any, error) {
		f := async.Create(ctx, s, &Rack{Name: "new"})
		return func() (any, error) { return nil, f.Wait(ctx) }
	}},
	{"begin", func(ctx context.Context, s *async.Session) func() (any, error) {
		f := s.Begin(ctx, models.TxOptions{})
		return func() (any, error) { return nil, f.Wait(ctx) }
	}},
	{"rollback", func(ctx context.Context, s *async.Session) func() (any, error) {
		f := s.Rollback(ctx)
		return func() (any, error) { return nil, f.Wait(ctx) }
	}},
}

// perform makes calls on a new session and tells what they were answered.
func perform(t *testing.T, db database, todo []int, await bool) (told []string) {
	ctx := t.Context()
	s := db.session(t)
	defer s.Close()
	ends := make([]func() (any, error), len(todo))
	answers := make([]string, len(todo))
	tell := func(i int) {
		v, err := ends[i]()
		answers[i] = fmt.Sprintf("%s: %v, %v", calls[todo[i]].name, v, err)
	}
	for i, at := range todo {
		ends[i] = calls[at].do(ctx, s)
		if await {
			tell(i)
		}
	}
	if !await {
		for i := range todo {
			tell(i)
		}
	}
	return answers
}

// Calls that nobody awaits in between are answered as if each had been awaited, also where
// a read has ended the transaction under them. To see it fail, let Unit.behind return err.
func TestCallsOfATransactionAreAnsweredAsOneByOne(t *testing.T) {
	both(t, pool.Config{Size: 2, Flights: pool.LaneOn}, func(t *testing.T, db database) {
		racks(t, db, 3)
		before := db.pool.Stats().SharedReads.Sum
		random := rand.New(rand.NewPCG(1, 2))
		for range 60 {
			todo := []int{5} // a transaction is open
			for range 2 + random.IntN(12) {
				at := random.IntN(2 * len(calls))
				if at >= len(calls) {
					at %= 3 // more often than not it is a read that goes well
				}
				todo = append(todo, at)
			}
			want, got := perform(t, db, todo, true), perform(t, db, todo, false)
			if !slices.Equal(got, want) {
				t.Fatalf("together\n%s\none by one\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		if db.pool.Features().RoundTrip && db.pool.Stats().SharedReads.Sum == before {
			t.Error("no two reads went out together")
		}
	})
}
