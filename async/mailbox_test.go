package async_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/testleak"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// Note is the table of the tests of sessions.
type Note struct {
	models.Model
	Text string
}

var (
	notes = models.NewRegistry()
	noteT = models.RegisterIn[Note](notes)
)

// session is a session in virtual time: over a server that takes as long as it is told.
type session struct {
	*async.Session
	pool *pool.Pool
}

func (s *server) session(t testing.TB, size int) session {
	t.Helper()
	s.Traits.Name = "sqlite"
	p := s.open(t, size)
	return session{async.NewSession(s.engine(t, p), t.Name(), time.Second), p}
}

func (s *server) engine(t testing.TB, p *pool.Pool) *models.Engine {
	t.Helper()
	e, err := models.NewEngine(p, notes)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// read takes that long and only reads.
func (s session) read(ctx context.Context, d time.Duration) *async.Future[[]*Note] {
	return async.All(ctx, s.Session, models.From(noteT).Where(models.Eq(&noteT.ID, d.Milliseconds())))
}

// change takes a second, in the session's transaction.
func (s session) change(ctx context.Context) *async.Future[int64] {
	return async.Exec(ctx, s.Session, models.Raw[int]("1s"))
}

// times notes when each statement begins, from the start of the bubble.
func (s *server) times() func() []string {
	var mu sync.Mutex
	var log []string
	begin := time.Now()
	s.at = func(sql string) {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasPrefix(sql, "SELECT") {
			sql = "read"
		}
		log = append(log, time.Since(begin).String()+" "+sql)
	}
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(log)
	}
}

func TestOrderInASession(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(ctx context.Context, s session)
		want []string
	}{
		{"reads overlap", func(ctx context.Context, s session) {
			s.read(ctx, time.Second)
			s.read(ctx, 2*time.Second)
			s.read(ctx, time.Second)
		}, []string{"0s read", "0s read", "0s read"}},
		{"everything else is a barrier both ways", func(ctx context.Context, s session) {
			s.read(ctx, time.Second)
			s.read(ctx, 2*time.Second)
			s.change(ctx)
			s.Commit(ctx)
			s.read(ctx, time.Second)
			s.read(ctx, time.Second)
		}, []string{"0s read", "0s read", "2s BEGIN IMMEDIATE", "2s 1s", "3s COMMIT", "3s read", "3s read"}},
		{"reads in the transaction run on its connection, one by one", func(ctx context.Context, s session) {
			s.change(ctx)
			s.read(ctx, time.Second)
			s.read(ctx, time.Second)
			s.Rollback(ctx)
		}, []string{"0s BEGIN IMMEDIATE", "0s 1s", "1s read", "2s read", "3s ROLLBACK"}},
		{"what was canceled lets the next begin", func(ctx context.Context, s session) {
			s.read(ctx, 5*time.Second)
			f := s.change(ctx)
			s.read(ctx, time.Second)
			time.Sleep(time.Second)
			f.Cancel(errTest)
		}, []string{"0s read", "1s read"}},
		{"and so does the end of a context", func(ctx context.Context, s session) {
			s.read(ctx, 5*time.Second)
			short, cancel := context.WithTimeout(ctx, time.Second)
			context.AfterFunc(short, cancel)
			s.change(short)
			s.read(ctx, time.Second)
		}, []string{"0s read", "1s read"}},
		{"marks do not wait for reads", func(ctx context.Context, s session) {
			s.read(ctx, time.Second)
			s.Add(nil) // a mistake, which Flush reports before it sends anything
			s.Flush(ctx)
			s.read(ctx, time.Second)
		}, []string{"0s read", "1s read"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer()
				s := srv.session(t, 3)
				defer s.Close()
				warm(t, s.pool, 3)
				log := srv.times()
				c.run(t.Context(), s) // nobody awaits anything
				time.Sleep(time.Minute)
				if got := log(); !slices.Equal(got, c.want) {
					t.Errorf("got %q, want %q", got, c.want)
				}
			})
		})
	}
}

// warm opens n connections.
func warm(t *testing.T, p *pool.Pool, n int) {
	t.Helper()
	var g async.Group
	for range n {
		g.Add(async.Start(t.Context(), p, reads(time.Minute)))
	}
	if err := g.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestSessionCallsThatNeverBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer()
		s := srv.session(t, 1)
		defer s.Close()
		ended, end := context.WithCancelCause(t.Context())
		end(errTest)
		if err := s.change(ended).Wait(t.Context()); !errors.Is(err, errTest) || !errors.Is(err, pool.ErrNotStarted) {
			t.Error("ended context:", err)
		}
		s.change(t.Context()) // takes a second
		queued := s.change(t.Context())
		if !queued.Cancel(errTest) || queued.Cancel(errTest) {
			t.Error("Cancel of a queued call: want true, then false")
		}
		if !async.Seen(queued) {
			t.Error("the error of a canceled call counts as one that nobody looks at")
		}
		if _, err, ok := queued.Poll(); !ok || !errors.Is(err, errTest) || !errors.Is(err, pool.ErrNotStarted) {
			t.Error("canceled:", err)
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, errTest)
		defer cancel()
		if err := s.change(ctx).Wait(t.Context()); !errors.Is(err, errTest) || !errors.Is(err, pool.ErrNotStarted) {
			t.Error("timed out:", err)
		}
		time.Sleep(time.Minute)
		if ran := srv.ran(); !slices.Equal(ran, []string{"BEGIN IMMEDIATE", "1s"}) {
			t.Error(ran)
		}
	})
}

func TestMailboxIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer().session(t, 1)
		defer s.Close()
		ctx := t.Context()
		var g async.Group
		g.Add(s.change(ctx))
		for range async.MaxQueued {
			g.Add(s.read(ctx, 0))
		}
		if err := s.read(ctx, 0).Wait(ctx); !errors.Is(err, pool.ErrQueueFull) || !errors.Is(err, pool.ErrNotStarted) {
			t.Error(err)
		}
		if err := g.Close(ctx); err != nil {
			t.Error(err)
		}
		if err := s.read(ctx, 0).Wait(ctx); err != nil {
			t.Error("after the storm:", err)
		}
	})
}

// A waiter that may lend itself carries out the whole of its call.
func TestSessionLends(t *testing.T) {
	s := newServer().session(t, 1)
	defer s.Close()
	ctx := t.Context()
	for range 2000 {
		lent := false
		if err := waitHere(ctx, async.Send(ctx, s.Session, finishing{reads(0, 0), func() (int, error) {
			lent = onStack("waitHere")
			return 0, nil
		}, new(atomic.Bool)})); err != nil {
			t.Fatal(err)
		}
		if lent {
			return
		}
	}
	t.Fatal("a worker was faster every time")
}

// A canceled call of a session settles when the session is done with its objects.
func TestCanceledCallIsConcludedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer().session(t, 1)
		defer s.Close()
		async.Start(t.Context(), s.pool, reads(time.Second)) // keeps the connection busy
		synctest.Wait()
		gate := make(chan struct{})
		c := slowFinish{reads(0), gate}
		f := async.Send(t.Context(), s.Session, c)
		if !f.Cancel(errTest) {
			t.Error("not canceled")
		}
		synctest.Wait()
		if _, _, ok := f.Poll(); ok {
			t.Error("settled before its last step")
		}
		close(gate)
		if err := f.Wait(t.Context()); !errors.Is(err, errTest) || !errors.Is(err, pool.ErrNotStarted) {
			t.Error(err)
		}
	})
}

// slowFinish is a chain whose last step waits.
type slowFinish struct {
	*chain
	gate chan struct{}
}

func (c slowFinish) Finish() (int, error) {
	<-c.gate
	return c.Result()
}

func TestClose(t *testing.T) {
	type futures = []async.Awaitable
	for _, c := range []struct {
		name string
		run  func(ctx context.Context, s session) futures
		// want is what each future's error matches; nil: none.
		want [][]error
		ran  []string
		took time.Duration
	}{
		{"unused", func(context.Context, session) futures { return nil }, nil, nil, 0},
		{"after a read", func(ctx context.Context, s session) futures {
			f := s.read(ctx, time.Second)
			_ = f.Wait(ctx)
			return futures{f}
		}, [][]error{nil}, []string{"read"}, 0},
		{"in a transaction", func(ctx context.Context, s session) futures {
			f := s.change(ctx)
			_ = f.Wait(ctx)
			return futures{f}
		}, [][]error{nil}, []string{"BEGIN IMMEDIATE", "1s", "ROLLBACK"}, 0},
		{"after a commit", func(ctx context.Context, s session) futures {
			f, g := s.change(ctx), s.Commit(ctx)
			_ = g.Wait(ctx)
			return futures{f, g}
		}, [][]error{nil, nil}, []string{"BEGIN IMMEDIATE", "1s", "COMMIT"}, 0},
		{"while reads run", func(ctx context.Context, s session) futures {
			return futures{s.read(ctx, time.Hour), s.read(ctx, time.Hour)}
		}, [][]error{{models.ErrSessionClosed, driver.ErrCanceled}, {models.ErrSessionClosed, driver.ErrCanceled}}, []string{"read", "read"}, 0},
		{"with calls waiting", func(ctx context.Context, s session) futures {
			return futures{s.read(ctx, time.Hour), s.change(ctx), s.Commit(ctx), s.read(ctx, 0)}
		}, [][]error{
			{models.ErrSessionClosed, driver.ErrCanceled},
			{models.ErrSessionClosed, pool.ErrNotStarted},
			{models.ErrSessionClosed, pool.ErrNotStarted},
			{models.ErrSessionClosed, pool.ErrNotStarted},
		}, []string{"read"}, 0},
		{"while a write runs", func(ctx context.Context, s session) futures {
			return futures{s.change(ctx), s.Commit(ctx)}
		}, [][]error{
			{models.ErrSessionClosed, driver.ErrOutcomeUnknown},
			{models.ErrSessionClosed, pool.ErrNotStarted},
		}, []string{"BEGIN IMMEDIATE", "1s", "ROLLBACK"}, 0},
		{"while its operation waits for a connection", func(ctx context.Context, s session) futures {
			async.Start(ctx, s.pool, reads(time.Minute))
			async.Start(ctx, s.pool, reads(time.Minute))
			synctest.Wait()
			return futures{s.change(ctx)}
		}, [][]error{{models.ErrSessionClosed, pool.ErrNotStarted}}, []string{"1m0s", "1m0s"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer()
				s := srv.session(t, 2)
				warm(t, s.pool, 2)
				before := len(srv.ran())
				fs := c.run(t.Context(), s)
				synctest.Wait()
				begin := time.Now()
				var wg sync.WaitGroup
				for range 3 {
					wg.Go(func() {
						if err := s.Close(); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				if took := time.Since(begin); took != c.took {
					t.Errorf("took %v", took)
				}
				for i, f := range fs {
					select {
					case <-f.Done():
					default:
						t.Errorf("future %d is pending", i)
						continue
					}
					err := f.Wait(t.Context())
					if c.want[i] == nil && err != nil {
						t.Errorf("future %d: %v", i, err)
					}
					for _, want := range c.want[i] {
						if !errors.Is(err, want) {
							t.Errorf("future %d: %v is not %q", i, err, want)
						}
					}
				}
				s.Add(new(Note))
				s.Delete(new(Note))
				late := futures{s.read(t.Context(), 0), s.Flush(t.Context()), s.Commit(t.Context()), s.Rollback(t.Context()), async.Get[Note](t.Context(), s.Session, 1)}
				for i, f := range late {
					if err := f.Wait(t.Context()); !errors.Is(err, models.ErrSessionClosed) || !errors.Is(err, pool.ErrNotStarted) {
						t.Errorf("call %d after Close: %v", i, err)
					}
				}
				time.Sleep(2 * time.Minute)
				if st := s.pool.Stats(); st.Used != 0 || st.Leased != 0 {
					t.Errorf("after Close: used %d, leased %d", st.Used, st.Leased)
				}
				ran := srv.ran()[before:]
				for i, sql := range ran {
					if strings.HasPrefix(sql, "SELECT") {
						ran[i] = "read"
					}
				}
				if !slices.Equal(ran, c.ran) {
					t.Errorf("ran %q, want %q", ran, c.ran)
				}
			})
		})
	}
}

// A ROLLBACK that hangs costs DrainTimeout and the connection.
func TestCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer()
		s := srv.session(t, 1)
		if err := s.change(t.Context()).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		srv.ending = time.Hour
		begin := time.Now()
		second := make(chan time.Duration, 1)
		go func() {
			time.Sleep(time.Millisecond)
			if err := s.Close(); err != nil {
				t.Error("the second Close:", err)
			}
			second <- time.Since(begin)
		}()
		err := s.Close()
		if took := time.Since(begin); took != time.Second {
			t.Errorf("took %v", took)
		}
		if took := <-second; took != time.Second {
			t.Errorf("the second Close took %v", took)
		}
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "ROLLBACK failed") {
			t.Error(err)
		}
		srv.ending = 0
		if err := s.Close(); err != nil {
			t.Error("again:", err)
		}
	})
}

// A session that was not closed keeps nothing running.
func TestIdleSessionHasNoGoroutine(t *testing.T) {
	srv := newServer()
	s := srv.session(t, 1)
	if err := s.read(t.Context(), 0).Wait(cancelable()); err != nil {
		t.Fatal(err)
	}
	if err := s.pool.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := testleak.Wait(testleak.Grace); len(left) != 0 {
		t.Fatal(left)
	}
}
