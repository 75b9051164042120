package async_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/backend"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// Author and Book are the tables of the tests on real databases.
type Author struct {
	models.Model
	Name string `db:",unique"`
}

type Book struct {
	models.Model
	Title    string
	AuthorID int64 `db:",fk=authors.id"`
}

// Odd has a field that runs user code when it is written.
type Odd struct {
	models.Model
	Data Hook `db:",json"`
}

// Hook calls a function when it is encoded.
type Hook struct{ call func() }

func (h Hook) MarshalJSON() ([]byte, error) {
	if h.call != nil {
		h.call()
	}
	return json.Marshal("data")
}

func (*Hook) UnmarshalJSON([]byte) error { return nil }

var (
	library = models.NewRegistry()
	authorT = models.RegisterIn[Author](library)
	bookT   = models.RegisterIn[Book](library)
	oddT    = models.RegisterIn[Odd](library)
)

// database is an open database of a test.
type database struct {
	async.Direct
	engine *models.Engine
	pool   *pool.Pool
}

func (d database) session(t testing.TB) *async.Session {
	return async.NewSession(d.engine, t.Name(), time.Second)
}

// both runs f on each backend, with tables.
func both(t *testing.T, cfg pool.Config, f func(t *testing.T, db database)) {
	t.Helper()
	testdb.Both(t, func(t *testing.T, url string) {
		c, _, err := backend.Open(url)
		if err != nil {
			t.Fatal(err)
		}
		p, err := pool.New(c, cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if err := p.Close(ctx); err != nil {
				t.Error(err)
			}
		})
		e, err := models.NewEngine(p, library)
		if err != nil {
			t.Fatal(err)
		}
		if err := models.CreateTables(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		f(t, database{async.NewDirect(e), e, p})
	})
}

func TestAsyncSession(t *testing.T) {
	both(t, pool.Config{}, func(t *testing.T, db database) {
		ctx := t.Context()
		s := db.session(t)
		defer s.Close()
		ada := &Author{Name: "ada"}
		s.Add(ada)
		if err := s.Flush(ctx).Wait(ctx); err != nil {
			t.Fatal(err)
		}
		s.Add(&Book{Title: "Notes", AuthorID: ada.ID})
		commit := s.Commit(ctx)
		// Behind the commit, as nothing was awaited.
		n := async.Count(ctx, db, models.From(bookT))
		page := async.All(ctx, s, models.From(authorT))
		pair, err := async.Gather2(async.Get[Author](ctx, s, ada.ID), page).Await(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if pair.First != ada || len(pair.Second) != 1 || pair.Second[0] != ada {
			t.Errorf("got %v and %v, want the object that the session has", pair.First, pair.Second)
		}
		if err := commit.Wait(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := n.Await(ctx); err != nil { // on the database itself: in no order
			t.Fatal(err)
		}

		ada.Name = "Ada"
		s.Flush(ctx)
		if err := s.Rollback(ctx).Wait(ctx); err != nil {
			t.Fatal(err)
		}
		if ada.Name != "ada" {
			t.Errorf("after Rollback the name is %q", ada.Name)
		}
		ada.Name = "Lovelace"
		if err := s.Commit(ctx).Wait(ctx); err != nil {
			t.Fatal(err)
		}
		one, err := async.One(ctx, db, models.From(authorT).Where(models.Eq(&authorT.Name, "Lovelace"))).Await(ctx)
		if err != nil || one == ada || one.ID != ada.ID {
			t.Errorf("the database has %v, %v", one, err)
		}
		s.Add(&Author{Name: "Lovelace"})
		if err := s.Commit(ctx).Wait(ctx); !errors.Is(err, driver.ErrUnique) {
			t.Errorf("a second Lovelace: %v", err)
		}
		_ = s.Rollback(ctx)
		if ok, err := async.Exists(ctx, s, models.From(authorT).Where(models.Eq(&authorT.Name, "nobody"))).Await(ctx); ok || err != nil {
			t.Error(ok, err)
		}
		if n, err := async.Exec(ctx, s, models.Delete(bookT).Everywhere()).Await(ctx); n != 1 || err != nil {
			t.Error(n, err)
		}
		s.Delete(ada)
		s.Commit(ctx)
		if _, err := async.First(ctx, s, models.From(authorT)).Await(ctx); !errors.Is(err, models.ErrNotFound) {
			t.Error(err)
		}
		if err := async.Create(ctx, s, &Author{Name: "grace"}).Wait(ctx); err != nil {
			t.Error(err)
		}
		// What was not committed is gone with the session.
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if n, err := async.Count(ctx, db, models.From(authorT)).Await(ctx); n != 0 || err != nil {
			t.Errorf("%d authors left, %v", n, err)
		}
	})
}

// One session serves any number of goroutines.
func TestManyGoroutinesOneSession(t *testing.T) {
	both(t, pool.Config{Size: 4}, func(t *testing.T, db database) {
		ctx := t.Context()
		s := db.session(t)
		defer s.Close()
		const goroutines, each = 200, 5
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				for i := range each {
					a := &Author{Name: fmt.Sprint(g, " ", i)}
					s.Add(a)
					var err error
					switch i {
					case 0:
						err = s.Flush(ctx).Wait(ctx)
					case 1:
						err = s.Commit(ctx).Wait(ctx)
					case 2:
						_, err = async.Count(ctx, s, models.From(authorT)).Await(ctx)
					case 3:
						s.Flush(ctx) // nobody awaits it
						_, err = async.All(ctx, s, models.From(authorT).Limit(3)).Await(ctx)
					default:
						f := s.Flush(ctx)
						if f.Cancel(nil) {
							break
						}
						err = f.Wait(ctx)
						if errors.Is(err, context.Canceled) {
							err = nil
						}
					}
					if err != nil && !errors.Is(err, models.ErrNeedsRollback) {
						t.Errorf("goroutine %d, step %d: %v", g, i, err)
						return
					}
				}
			})
		}
		wg.Wait()
		if err := s.Commit(ctx).Wait(ctx); err != nil {
			t.Fatal(err)
		}
		if n, err := async.Count(ctx, db, models.From(authorT)).Await(ctx); n != goroutines*each || err != nil {
			t.Fatalf("%d authors, %v", n, err)
		}
	})
}

// Sessions wait for connections without taking workers: a thousand get through two.
func TestMailboxStorm(t *testing.T) {
	both(t, pool.Config{Size: 2, Overflow: pool.NoOverflow, QueueLimit: 10_000, Timeout: pool.Never}, func(t *testing.T, db database) {
		ctx := t.Context()
		const sessions = 1000
		commits := make([]*async.Future[struct{}], sessions)
		var open async.Group
		for i := range sessions {
			s := db.session(t)
			a := &Author{Name: fmt.Sprint(i)}
			s.Add(a)
			s.Flush(ctx)
			async.Count(ctx, s, models.From(authorT).Where(models.Eq(&authorT.Name, a.Name)))
			got := async.First(ctx, s, models.From(authorT).Where(models.Eq(&authorT.Name, a.Name)))
			open.Add(async.Map(got, func(b *Author) (int, error) {
				if a != b {
					return 0, errors.New("another object for the same row")
				}
				return 0, nil
			}))
			commits[i] = s.Commit(ctx)
			open.Add(async.Map(commits[i], func(struct{}) (int, error) { return 0, s.Close() }))
		}
		if _, err := async.Gather(commits...).Await(ctx); err != nil {
			t.Fatal(err)
		}
		if err := open.Close(ctx); err != nil {
			t.Fatal(err)
		}
		if n, err := async.Count(ctx, db, models.From(authorT)).Await(ctx); n != sessions || err != nil {
			t.Fatalf("%d authors, %v", n, err)
		}
		if st := db.pool.Stats(); st.Leased != 0 {
			t.Fatalf("%d connections were not given back", st.Leased)
		}
	})
}

// What is added behind a commit that waits does not become part of it.
func TestMarksKeepTheirPlace(t *testing.T) {
	ctx := t.Context()
	c, _, err := backend.Open(testdb.SQLite(t)) // one writer
	if err != nil {
		t.Fatal(err)
	}
	p, err := pool.New(c, pool.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close(context.Background())
	e, err := models.NewEngine(p, library)
	if err != nil {
		t.Fatal(err)
	}
	if err := models.CreateTables(ctx, e); err != nil {
		t.Fatal(err)
	}
	db := database{async.NewDirect(e), e, p}
	first, second := db.session(t), db.session(t)
	defer first.Close()
	defer second.Close()
	if err := async.Create(ctx, first, &Author{Name: "holds the writer"}).Wait(ctx); err != nil {
		t.Fatal(err)
	}
	second.Add(&Author{Name: "before"})
	commit := second.Commit(ctx)
	second.Add(&Author{Name: "behind"})
	if _, _, ok := commit.Poll(); ok {
		t.Fatal("the commit did not wait")
	}
	if err := first.Rollback(ctx).Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if err := commit.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if n, err := async.Count(ctx, db, models.From(authorT)).Await(ctx); n != 1 || err != nil {
		t.Fatalf("%d authors, %v", n, err)
	}
	if err := second.Commit(ctx).Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if n, err := async.Count(ctx, db, models.From(authorT)).Await(ctx); n != 2 || err != nil {
		t.Fatalf("%d authors, %v", n, err)
	}
}

// User code that does not return is an error of its call; the session goes on.
func TestSessionSurvivesUserCode(t *testing.T) {
	both(t, pool.Config{}, func(t *testing.T, db database) {
		for _, c := range []struct {
			name string
			call func()
			want error
		}{
			{"panic", func() { panic(errTest) }, errTest},
			{"Goexit", runtime.Goexit, async.ErrGoexit},
		} {
			t.Run(c.name, func(t *testing.T) {
				ctx := t.Context()
				s := db.session(t)
				defer s.Close()
				bad := &Odd{Data: Hook{c.call}}
				s.Add(bad)
				commits := make(chan *async.Future[struct{}], 2)
				go func() { // runtime.Goexit may end whoever calls
					defer close(commits)
					async.Exec(ctx, s, models.Update(oddT).Set(models.To(&oddT.ID, 0)).Everywhere())
					commits <- s.Commit(ctx) // perhaps on another goroutine
					commits <- s.Commit(ctx) // in this one
				}()
				for commit := range commits {
					if err := commit.Wait(ctx); !errors.Is(err, c.want) {
						t.Error(err)
					}
				}
				bad.Data.call = nil
				if err := s.Commit(ctx).Wait(ctx); err != nil {
					t.Fatal(err)
				}
				if n, err := async.Count(ctx, db, models.From(oddT)).Await(ctx); n != 1 || err != nil {
					t.Fatalf("%d rows, %v", n, err)
				}
				if _, err := async.Exec(ctx, db, models.Delete(oddT).Everywhere()).Await(ctx); err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}
