package async_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// Rack and Volume are tables with a relation.
type Rack struct {
	models.Model
	Name    string
	Volumes models.HasMany[Volume] `rel:"back=Rack"`
}

type Volume struct {
	models.Model
	Title  string
	RackID *int64                 `db:",fk=racks.id"`
	Rack   models.BelongsTo[Rack] `rel:"back=Volumes"`
}

var (
	rackT   = models.RegisterIn[Rack](library)
	volumeT = models.RegisterIn[Volume](library)
)

// racks inserts some with volumes.
func racks(t *testing.T, db database, n int) {
	t.Helper()
	s := db.session(t)
	defer s.Close()
	for i := range n {
		sh := &Rack{Name: fmt.Sprint(i)}
		sh.Volumes.Add(&Volume{Title: "a"}, &Volume{Title: "b"})
		s.Add(sh)
	}
	if err := s.Commit(t.Context()).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

const mixGoroutines, mixRacks, mixSteps = 200, 10, 8

// mixedRead does one of the calls that need no agreement between goroutines. None is
// canceled: one that runs would take the session's transaction with it.
func mixedRead(ctx context.Context, s *async.Session, kind int) error {
	switch kind {
	case 0:
		_, err := async.First(ctx, s, models.From(rackT)).Await(ctx)
		return err
	case 1:
		all, err := async.All(ctx, s, models.From(rackT)).Await(ctx)
		if err == nil && len(all) < mixRacks {
			err = fmt.Errorf("%d racks", len(all))
		}
		for _, sh := range all {
			if err != nil {
				break
			}
			var vs []*Volume
			if vs, err = async.Load(ctx, &sh.Volumes).Await(ctx); err == nil && len(vs) != 2 {
				err = fmt.Errorf("%d volumes", len(vs))
			}
		}
		return err
	default:
		_, err := async.All(ctx, s, models.From(volumeT).Limit(5)).Await(ctx)
		return err
	}
}

var errTakeBack = errors.New("take it back")

// Any number of goroutines work on one session (sqlalchemy/sqlalchemy#5967, #9973: "another
// operation is in progress" when tasks share one). What the rules of ownership ask for is
// kept by one lock: who changes objects of his does not do it while somebody flushes. To
// see it fail, let mailbox.begin forget alone.
func TestSQLAlchemy5967GoroutinesOnOneSession(t *testing.T) {
	both(t, pool.Config{Size: 4}, func(t *testing.T, db database) {
		ctx := t.Context()
		racks(t, db, mixRacks)
		s := db.session(t)
		defer s.Close()
		var objects sync.RWMutex
		var added atomic.Int64
		var wg sync.WaitGroup
		for g := range mixGoroutines {
			wg.Go(func() {
				random := rand.New(rand.NewPCG(1, uint64(g)))
				own := &Volume{Title: "new"}
				s.Add(own)
				added.Add(1)
				for step := range mixSteps {
					var err error
					switch kind := random.IntN(8); kind {
					case 3:
						objects.RLock()
						own.Title = fmt.Sprint(g, " ", step)
						objects.RUnlock()
					case 4:
						objects.Lock()
						err = s.Flush(ctx).Wait(ctx)
						objects.Unlock()
					case 5:
						objects.Lock()
						title := own.Title
						if err = s.Flush(ctx).Wait(ctx); err == nil {
							err = s.Refresh(ctx, own).Wait(ctx)
						}
						if err == nil && own.Title != title {
							err = fmt.Errorf("%q came back as %q", title, own.Title)
						}
						objects.Unlock()
					case 6:
						back := random.IntN(2) == 0
						objects.Lock()
						err = s.Nested(ctx, func(ctx context.Context, in *async.Session) error {
							in.Add(&Volume{Title: "nested"})
							if err := in.Flush(ctx).Wait(ctx); err != nil {
								return err
							}
							if back {
								return errTakeBack
							}
							return nil
						}).Wait(ctx)
						objects.Unlock()
						if back && errors.Is(err, errTakeBack) {
							err = nil
						} else if err == nil {
							added.Add(1)
						}
					case 7:
						objects.Lock()
						err = s.Commit(ctx).Wait(ctx)
						objects.Unlock()
					default:
						err = mixedRead(ctx, s, kind)
					}
					if err != nil {
						t.Errorf("goroutine %d, step %d: %v", g, step, err)
						return
					}
				}
			})
		}
		wg.Wait()
		if err := s.Commit(ctx).Wait(ctx); err != nil {
			t.Fatal(err)
		}
		n, err := async.Count(ctx, db, models.From(volumeT)).Await(ctx)
		if want := added.Load() + 2*mixRacks; n != want || err != nil {
			t.Errorf("%d volumes, want %d; %v", n, want, err)
		}
	})
}

// A session each, which many close in the middle of what they have begun.
func TestManySessionsAtOnce(t *testing.T) {
	both(t, pool.Config{Size: 4, QueueLimit: 10_000, Timeout: pool.Never}, func(t *testing.T, db database) {
		ctx := t.Context()
		racks(t, db, mixRacks)
		var committed atomic.Int64
		var wg sync.WaitGroup
		for g := range mixGoroutines {
			wg.Go(func() {
				random := rand.New(rand.NewPCG(2, uint64(g)))
				s := db.session(t)
				defer s.Close()
				own := &Volume{Title: "new"}
				s.Add(own)
				for step := range mixSteps / 2 {
					var err error
					switch kind := random.IntN(7); kind {
					case 3:
						own.Title = fmt.Sprint(g, " ", step)
					case 4:
						err = s.Flush(ctx).Wait(ctx)
					case 5:
						if err = s.Flush(ctx).Wait(ctx); err == nil {
							err = s.Refresh(ctx, own).Wait(ctx)
						}
					case 6:
						err = s.Nested(ctx, func(context.Context, *async.Session) error { return nil }).Wait(ctx)
					default:
						err = mixedRead(ctx, s, kind)
					}
					if err != nil {
						t.Errorf("session %d, step %d: %v", g, step, err)
						return
					}
				}
				if g%2 == 0 {
					if err := s.Commit(ctx).Wait(ctx); err != nil {
						t.Error(err)
					}
					committed.Add(1)
					return
				}
				read, flush := async.All(ctx, s, models.From(volumeT)), s.Flush(ctx)
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				for _, f := range []async.Awaitable{read, flush, s.Commit(ctx)} {
					if err := f.Wait(ctx); err != nil && !errors.Is(err, models.ErrSessionClosed) {
						t.Errorf("session %d: %v", g, err)
					}
				}
			})
		}
		wg.Wait()
		n, err := async.Count(ctx, db, models.From(volumeT)).Await(ctx)
		if want := committed.Load() + 2*mixRacks; n != want || err != nil {
			t.Errorf("%d volumes, want %d; %v", n, want, err)
		}
		if st := db.pool.Stats(); st.Leased != 0 {
			t.Errorf("%d connections were not given back", st.Leased)
		}
	})
}

// Calls that are canceled at any moment give their connections back
// (sqlalchemy/sqlalchemy#6652, #8145: a canceled task leaves its connection checked out).
// To see it fail, let a rollback keep the connection (its Finish), or flush.finish that of
// a transaction that it began itself.
func TestSQLAlchemy6652CanceledCallsLeakNothing(t *testing.T) {
	both(t, pool.Config{Size: 2}, func(t *testing.T, db database) {
		racks(t, db, mixRacks)
		var wg sync.WaitGroup
		sessions := make([]*async.Session, 40)
		for g := range sessions {
			wg.Go(func() {
				s := db.session(t)
				sessions[g] = s
				ctx, cancel := context.WithCancel(t.Context())
				s.Add(&Volume{Title: "lost"})
				flush, read := s.Flush(ctx), async.All(ctx, s, models.From(rackT))
				if g%3 == 0 {
					_ = flush.Wait(t.Context()) // canceled by itself or not
				}
				cancel()
				for _, f := range []async.Awaitable{flush, read} {
					if err := f.Wait(t.Context()); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, models.ErrNeedsRollback) {
						t.Errorf("%v", err)
					}
				}
				if g%2 == 0 { // what was taken back by itself needs no rollback
					if _, err := async.Count(t.Context(), s, models.From(rackT)).Await(t.Context()); err != nil && !errors.Is(err, models.ErrNeedsRollback) {
						t.Errorf("after the canceled calls: %v", err)
					}
				}
				if err := s.Rollback(t.Context()).Wait(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if st := db.pool.Stats(); st.Leased != 0 {
			t.Errorf("after the rollbacks %d connections were not given back", st.Leased)
		}
		for _, s := range sessions {
			if _, err := async.Count(t.Context(), s, models.From(rackT)).Await(t.Context()); err != nil {
				t.Errorf("after the rollback: %v", err)
			}
			s.Close()
		}
		if st := db.pool.Stats(); st.Leased != 0 || st.Waiting != 0 {
			t.Errorf("%d connections were not given back, %d calls wait", st.Leased, st.Waiting)
		}
		if n, err := async.Count(t.Context(), db, models.From(volumeT)).Await(t.Context()); n != 2*mixRacks || err != nil {
			t.Errorf("%d volumes, %v", n, err)
		}
	})
}
