package models_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/backend"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// crowdOf runs f on many goroutines, each several times.
func crowdOf(goroutines, times int, f func(ctx context.Context, g, i int)) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range times {
				f(ctx, g, i)
			}
		})
	}
	wg.Wait()
}

// wantMerged checks that a phase merged, unless the lanes are closed.
func wantMerged(t *testing.T, p *pool.Pool, before pool.Stats) {
	t.Helper()
	n := p.Stats().Merged - before.Merged
	if open := (pool.Config{}).WithDefaults().ByKey == pool.LaneOn; open != (n > 0) {
		t.Errorf("%d merged, the lanes are open: %v", n, open)
	}
}

// Relations of objects that many callers have each for themselves.
func TestLoadsOfManyCallersAreMerged(t *testing.T) {
	db, p := openPool(t, testdb.Postgres(t), graph)
	must(t, models.CreateTables(t.Context(), db))
	const writers, each, goroutines, times = 12, 3, 48, 6
	shelves(t, db, writers, each)
	mine := make([]*Writer, goroutines*times)
	crowdOf(goroutines, times, func(ctx context.Context, g, i int) {
		w, err := models.Get[Writer](ctx, db, rand.IntN(writers)+1)
		if err != nil {
			t.Error(err)
		}
		mine[g*times+i] = w
	})
	if t.Failed() {
		return
	}
	arts := make([]*Article, len(mine))
	before := p.Stats()
	crowdOf(goroutines, times, func(ctx context.Context, g, i int) { // many rows of a key, in their order
		w := mine[g*times+i]
		got, err := w.Articles.Load(ctx)
		ids := []int64{}
		for _, a := range got {
			ids = append(ids, a.ID)
			if back, err := a.Writer.Get(); back != w || err != nil || a.WriterID != w.ID {
				t.Errorf("article %d of writer %d leads to %v, %v", a.ID, w.ID, back, err)
			}
		}
		last := w.ID * each
		if want := []int64{last, last - 1, last - 2}; err != nil || !slices.Equal(ids, want) {
			t.Errorf("articles of writer %d: %v, want %v; %v", w.ID, ids, want, err)
			return
		}
		arts[g*times+i] = got[i%each]
	})
	wantMerged(t, p, before)
	if t.Failed() {
		return
	}
	before = p.Stats()
	crowdOf(goroutines, times, func(ctx context.Context, g, i int) { // one row of a key
		bio, err := mine[g*times+i].Bio.Load(ctx)
		if err != nil || bio == nil || *bio.WriterID != mine[g*times+i].ID {
			t.Errorf("bio of writer %d: %+v %v", mine[g*times+i].ID, bio, err)
		}
	})
	wantMerged(t, p, before)
	before = p.Stats()
	crowdOf(goroutines, times, func(ctx context.Context, g, i int) { // several keys of a caller, through an association
		a := arts[g*times+i]
		labels, err := async.Load(ctx, &a.Labels).Await(ctx)
		if err != nil || len(labels) != 2 || labels[0].Name != "new" || labels[1].Name != "old" || labels[0] == labels[1] {
			t.Errorf("labels of article %d: %v %v", a.ID, labels, err)
		}
		all, err := mine[g*times+i].Articles.Items()
		if err != nil {
			t.Error(err)
		}
		for _, b := range all {
			if labels, err := b.Labels.Items(); err != nil || len(labels) != 2 {
				t.Errorf("a sibling of article %d has labels %v, %v", a.ID, labels, err)
			}
		}
	})
	wantMerged(t, p, before)
	before = p.Stats()
	crowdOf(goroutines, times, func(ctx context.Context, g, i int) { // and back; some of the keys are not there
		id := rand.Int64N(writers*each*5/4) + 1
		b, err := models.Get[Article](ctx, db, id)
		if id > writers*each {
			if !errors.Is(err, models.ErrNotFound) {
				t.Errorf("article %d: %v", id, err)
			}
			return
		}
		if err != nil {
			t.Error(err)
			return
		}
		w, err := b.Writer.Load(ctx)
		if err != nil || w == nil || w.ID != b.WriterID {
			t.Errorf("writer of article %d: %+v %v", b.ID, w, err)
		}
	})
	wantMerged(t, p, before)
}

// What is asked for besides the key keeps loads apart.
func TestLoadsWithCriteriaAreTheirCallers(t *testing.T) {
	db, p := openPool(t, testdb.Postgres(t), graph)
	must(t, models.CreateTables(t.Context(), db))
	const writers, each = 6, 5
	shelves(t, db, writers, each)
	q := models.From(writerT)
	crowdOf(48, 12, func(ctx context.Context, g, i int) {
		id := rand.Int64N(writers) + 1
		least := rand.IntN(each)
		load, want := models.SelectIn(&writerT.Articles), each
		switch g % 4 {
		case 0:
			load, want = models.SelectIn(&writerT.Articles, models.Filter(models.Ge(&articleT.Views, least))), each-least
		case 1:
			load, want = models.SelectIn(&writerT.Articles, models.PerParent(least+1)), least+1
		case 2:
			load, want = models.Subquery(&writerT.Articles), each
		}
		w, err := models.One(ctx, db, q.Where(models.Eq(&writerT.ID, id)).With(load))
		if err != nil {
			t.Error(err)
			return
		}
		arts, err := w.Articles.Items()
		if err != nil || len(arts) != want {
			t.Errorf("way %d: %d articles, want %d; %v", g%4, len(arts), want, err)
		}
		for _, a := range arts {
			if a.WriterID != id || g%4 == 0 && a.Views < least {
				t.Errorf("way %d: article %+v of writer %d", g%4, a, id)
			}
		}
	})
	if n := p.Stats().Resends; n != 0 {
		t.Errorf("%d flights had something wrong in them", n)
	}
}

// A load that starts when a write was acknowledged sees it.
func TestMergedLoadsSeeWhatWasAcknowledged(t *testing.T) {
	db, p := openPool(t, testdb.Postgres(t), graph)
	must(t, models.CreateTables(t.Context(), db))
	const writers, goroutines, times = 4, 32, 20
	shelves(t, db, writers, 1)
	var acked [writers + 1]atomic.Int64
	stop := make(chan struct{})
	var bumping sync.WaitGroup
	bumping.Go(func() {
		for n := int64(100); ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			id := n%writers + 1
			if _, err := models.Exec(context.Background(), db, models.Update(articleT).Set(models.To(&articleT.Views, int(n))).Where(models.Eq(&articleT.WriterID, id))); err != nil {
				t.Error(err)
				return
			}
			acked[id].Store(n)
		}
	})
	var mine [goroutines * times]*Writer
	crowdOf(goroutines, times, func(ctx context.Context, g, i int) {
		w, err := models.Get[Writer](ctx, db, (g+i)%writers+1)
		if err != nil {
			t.Error(err)
		}
		mine[g*times+i] = w
	})
	before := p.Stats()
	crowdOf(goroutines, times, func(ctx context.Context, g, i int) {
		w := mine[g*times+i]
		if w == nil {
			return
		}
		least := acked[w.ID].Load()
		arts, err := w.Articles.Load(ctx)
		if err != nil || len(arts) != 1 || int64(arts[0].Views) < least {
			t.Errorf("writer %d: %+v, acknowledged was %d; %v", w.ID, arts, least, err)
		}
	})
	close(stop)
	bumping.Wait()
	wantMerged(t, p, before)
}

// A caller that gives up in the middle leaves the others theirs, and can load later.
func TestALoadThatIsGivenUpCanBeMadeAgain(t *testing.T) {
	db, p := openPool(t, testdb.Postgres(t), graph)
	must(t, models.CreateTables(t.Context(), db))
	const writers, goroutines, times = 10, 32, 10
	shelves(t, db, writers, 2)
	before := p.Stats()
	var gone atomic.Int64
	crowdOf(goroutines, times, func(ctx context.Context, g, i int) {
		w, err := models.Get[Writer](ctx, db, rand.IntN(writers)+1)
		if err != nil {
			t.Error(err)
			return
		}
		if g%4 == 0 {
			short, cancel := context.WithTimeout(ctx, time.Duration(rand.IntN(2000))*time.Microsecond)
			if g == 0 {
				cancel() // before it begins, so that somebody gives up in any case
			}
			_, err := w.Articles.Load(short)
			cancel()
			if err != nil {
				gone.Add(1)
			}
		}
		arts, err := w.Articles.Load(ctx)
		if err != nil || len(arts) != 2 || arts[0].WriterID != w.ID || arts[1].WriterID != w.ID {
			t.Errorf("writer %d: %v %v", w.ID, arts, err)
		}
	})
	wantMerged(t, p, before)
	if gone.Load() == 0 {
		t.Error("nobody gave up")
	}
}

type (
	Word struct {
		Name string                 `db:",pk"`
		Uses models.HasMany[Spoken] `rel:"fk=Name"`
	}
	Spoken struct {
		models.Model
		Name string `db:",fk=words.name,index"`
	}
)

// Texts are merged where equal means the same bytes, and only there.
func TestKeysThatAreTexts(t *testing.T) {
	r := models.NewRegistry()
	models.RegisterIn[Word](r)
	models.RegisterIn[Spoken](r)
	for name, loose := range map[string]bool{"as they are": false, "in a collation of its own": true} {
		t.Run(name, func(t *testing.T) {
			db, p := openPool(t, testdb.Postgres(t), r)
			must(t, models.CreateTables(t.Context(), db))
			if loose {
				for _, sql := range []string{
					"CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
					"DO $$ BEGIN EXECUTE (SELECT 'ALTER TABLE spokens DROP CONSTRAINT ' || quote_ident(conname) FROM pg_constraint WHERE conrelid = 'spokens'::regclass AND contype = 'f'); END $$",
					"ALTER TABLE words ALTER name TYPE text COLLATE ci",
					"ALTER TABLE spokens ALTER name TYPE text COLLATE ci",
				} {
					must(t, exec(t.Context(), db, models.Raw[int](models.Unsafe(sql))))
				}
			}
			insert(t, db, []*Word{{Name: "abc"}, {Name: "xyz"}, {Name: "UP"}})
			insert(t, db, []*Spoken{{Name: "abc"}, {Name: "xyz"}, {Name: "abc"}})
			const goroutines, times = 48, 6
			mine := make([]*Word, goroutines*times)
			before := p.Stats()
			crowdOf(goroutines, times, func(ctx context.Context, g, i int) {
				name, want := []string{"abc", "ABC", "xyz", "up", "none"}[(g+i)%5], []string{"abc", "abc", "xyz", "UP", ""}[(g+i)%5]
				if !loose && name != want {
					want = ""
				}
				w, err := models.Get[Word](ctx, db, name)
				if want == "" {
					if !errors.Is(err, models.ErrNotFound) {
						t.Errorf("%s: %+v %v", name, w, err)
					}
					return
				}
				if err != nil || w.Name != want {
					t.Errorf("%s: %+v %v", name, w, err)
					return
				}
				mine[g*times+i] = w
			})
			got := p.Stats()
			crowdOf(goroutines, times, func(ctx context.Context, g, i int) {
				w := mine[g*times+i]
				if w == nil {
					return
				}
				uses, err := w.Uses.Load(ctx)
				if want := map[string]int{"abc": 2, "xyz": 1}[w.Name]; err != nil || len(uses) != want {
					t.Errorf("%s: %d uses, want %d; %v", w.Name, len(uses), want, err)
				}
			})
			if loose {
				if n := p.Stats().Merged - before.Merged; n != 0 {
					t.Errorf("%d merged", n)
				}
				return
			}
			if n := got.Merged - before.Merged; n == 0 && (pool.Config{}).WithDefaults().ByKey == pool.LaneOn {
				t.Error("no Get was merged")
			}
			wantMerged(t, p, got)
		})
	}
}

// BenchmarkLazyLoad has 256 goroutines load posts of users by foreign key over four
// connections, with and without the lane.
func BenchmarkLazyLoad(b *testing.B) {
	const users, posts, goroutines = 1000, 5, 256
	url := testdb.Postgres(b)
	seed, _ := openPool(b, url, graph)
	if err := models.CreateTables(b.Context(), seed); err != nil {
		b.Fatal(err)
	}
	var ws []*Writer
	for i := range users {
		ws = append(ws, &Writer{Name: fmt.Sprint("author ", i)})
	}
	if _, err := models.Exec(b.Context(), seed, models.Insert(ws...)); err != nil {
		b.Fatal(err)
	}
	var as []*Article
	for i := range users * posts {
		as = append(as, &Article{Title: fmt.Sprint("post ", i), WriterID: ws[i%users].ID})
	}
	if _, err := models.Exec(b.Context(), seed, models.Insert(as...)); err != nil {
		b.Fatal(err)
	}
	for _, way := range []struct {
		name           string
		flights, byKey pool.LanePolicy
	}{{"lanes off", pool.LaneOff, pool.LaneOff}, {"flights", pool.LaneOn, pool.LaneOff}, {"by key", pool.LaneOn, pool.LaneOn}} {
		b.Run(way.name, func(b *testing.B) {
			c, _, err := backend.Open(url)
			if err != nil {
				b.Fatal(err)
			}
			p, err := pool.New(c, pool.Config{Size: 4, Overflow: pool.NoOverflow, Flights: way.flights, ByKey: way.byKey})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = p.Close(context.Background()) }()
			db, err := models.NewEngine(p, graph)
			if err != nil {
				b.Fatal(err)
			}
			mine := make([]*Writer, b.N)
			each := func(f func(i int) error) {
				var next atomic.Int64
				var wg sync.WaitGroup
				for range goroutines {
					wg.Go(func() {
						for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
							if err := f(int(i)); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
			}
			each(func(i int) (err error) {
				mine[i], err = models.Get[Writer](b.Context(), db, ws[rand.IntN(users)].ID)
				return err
			})
			b.ResetTimer()
			each(func(i int) error {
				got, err := mine[i].Articles.Load(b.Context())
				if err == nil && len(got) != posts {
					err = fmt.Errorf("%d posts", len(got))
				}
				return err
			})
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "loads/s")
		})
	}
}
