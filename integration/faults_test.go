package integration

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

var (
	backendPID = models.Raw[int32]("SELECT pg_backend_pid()")
	sleepLong  = models.Raw[string]("SELECT CAST(pg_sleep(30) AS text)").ReadOnly()
	sleepShort = models.Raw[string]("SELECT CAST(pg_sleep(0.02) AS text)").ReadOnly()
)

// works wants n reads and writes to succeed.
func works(t *testing.T, db *spillway.DB, n int) {
	t.Helper()
	for i := range n {
		x := &entry{Token: fmt.Sprintf("works %d %d", time.Now().UnixNano(), i)}
		if err := models.Create(t.Context(), db, x); err != nil {
			t.Fatalf("write %d: %v", i, err)
		}
		if _, err := models.Get[entry](t.Context(), db, x.ID); err != nil {
			t.Fatalf("read %d: %v", i, err)
		}
	}
}

// withParam adds a parameter to a URL.
func withParam(t *testing.T, raw, name, value string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

func TestATerminatedConnection(t *testing.T) {
	u := testdb.Postgres(t)
	db := open(t, spillway.Config{URL: u, Size: 3, Overflow: spillway.NoOverflow})
	other := open(t, spillway.Config{URL: u, Name: "other", Size: 1, Overflow: spillway.NoOverflow})
	terminate := func(pid int32) {
		t.Helper()
		ok, err := models.One(t.Context(), other, models.Raw[bool]("SELECT pg_terminate_backend(:pid, 5000)", models.Args{"pid": pid}))
		if err != nil || !ok {
			t.Fatalf("terminate %d: %v %v", pid, ok, err)
		}
	}

	t.Run("idle, then a read", func(t *testing.T) {
		pid, err := models.One(t.Context(), db, backendPID)
		if err != nil {
			t.Fatal(err)
		}
		terminate(pid)
		if _, err := models.All(t.Context(), db, models.From(entryT).Limit(1)); err != nil {
			t.Errorf("a read is repeated on another connection, but: %v", err)
		}
		works(t, db, 5)
	})
	t.Run("idle, then a write", func(t *testing.T) {
		pid, err := models.One(t.Context(), db, backendPID)
		if err != nil {
			t.Fatal(err)
		}
		terminate(pid)
		x := &entry{Token: "after the end"}
		err = models.Create(t.Context(), db, x)
		n, countErr := models.Count(t.Context(), db, models.From(entryT).Where(models.Eq(&entryT.Token, x.Token)))
		if countErr != nil {
			t.Fatal(countErr)
		}
		switch {
		case err == nil && n == 1, errors.Is(err, spillway.ErrOutcomeUnknown):
		case errors.Is(err, spillway.ErrConnectionLost) && n == 0:
		default:
			t.Errorf("the write answered %v, and %d rows are there", err, n)
		}
		works(t, db, 5)
	})
	t.Run("busy", func(t *testing.T) {
		s := db.Session()
		defer s.Close()
		s.Add(&entry{Token: "lost with its transaction"})
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		pid, err := models.One(t.Context(), s, backendPID)
		if err != nil {
			t.Fatal(err)
		}
		running := make(chan error, 1)
		go func() {
			_, err := models.All(t.Context(), s, sleepLong)
			running <- err
		}()
		eventually(t, 10*time.Second, "the session's statement runs", func() bool {
			n, err := models.One(t.Context(), other, models.Raw[int64]("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid AND query LIKE '%pg_sleep(30)%' AND state = 'active'", models.Args{"pid": pid}))
			return err == nil && n == 1
		})
		terminate(pid)
		if err := <-running; !errors.Is(err, spillway.ErrConnectionLost) && !errors.Is(err, spillway.ErrOutcomeUnknown) {
			t.Errorf("the statement that was cut off answered %v", err)
		}
		if err := s.Commit(t.Context()); !errors.Is(err, models.ErrNeedsRollback) {
			t.Errorf("commit of a lost transaction: %v, want ErrNeedsRollback", err)
		}
		if err := s.Rollback(t.Context()); err != nil {
			t.Errorf("rollback of a lost transaction: %v", err)
		}
		s.Add(&entry{Token: "in a new transaction"})
		if err := s.Commit(t.Context()); err != nil {
			t.Errorf("commit after it: %v", err)
		}
		if stored := tokens(t.Context(), t, db); stored["lost with its transaction"] || !stored["in a new transaction"] {
			t.Error("the wrong rows are there")
		}
		works(t, db, 5)
	})
}

// A server that swallows everything: the call ends by its deadline, and the slot is
// usable again within the bound of draining.
func TestABlackHole(t *testing.T) {
	const deadline, drain = 200 * time.Millisecond, time.Second
	proxy := testdb.NewProxy(t, testdb.Postgres(t))
	db := open(t, spillway.Config{URL: proxy.URL(), Size: 1, Overflow: spillway.NoOverflow, DrainTimeout: drain})
	for name, call := range map[string]func(context.Context) error{
		"read": func(ctx context.Context) error {
			_, err := models.All(ctx, db, models.From(entryT).Limit(1))
			return err
		},
		"write": func(ctx context.Context) error {
			return models.Create(ctx, db, &entry{Token: "swallowed"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			works(t, db, 1)
			proxy.BlackHole(true)
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			begin := time.Now()
			err := call(ctx)
			took := time.Since(begin)
			proxy.BlackHole(false)
			proxy.CutAll()
			back := time.Now()
			works(t, db, 1)
			t.Logf("deadline %v: ended after %v with: %v; usable again %v later", deadline, took.Round(time.Millisecond), err, time.Since(back).Round(time.Millisecond))
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("want context.DeadlineExceeded, got: %v", err)
			}
			if name == "write" && !errors.Is(err, spillway.ErrOutcomeUnknown) {
				t.Errorf("want ErrOutcomeUnknown, got: %v", err)
			}
			if took > deadline+drain+500*time.Millisecond {
				t.Errorf("the call ended %v after its deadline", took-deadline)
			}
			if d := time.Since(back); d > drain+500*time.Millisecond {
				t.Errorf("the slot was usable again after %v, want within %v", d, drain)
			}
		})
	}
}

// After a failover the old connections hang on a server that became read-only: the first
// write that finds out makes the pool let go of all of them.
func TestAReadOnlyServer(t *testing.T) {
	t.Parallel()
	cluster := testdb.NewCluster(t)
	db := open(t, spillway.Config{URL: cluster.URL(), Size: 4, Overflow: spillway.NoOverflow})
	l := newLedger()
	write := func() error {
		x := &entry{Token: fmt.Sprint(len(l.acked) + len(l.failed) + len(l.unknown))}
		err := models.Create(t.Context(), db, x)
		l.book(x.Token, err)
		return err
	}

	// The server changes its mind under open sessions.
	cluster.Exec(t, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
	before := db.Stats().Generation
	eventually(t, 10*time.Second, "writes are refused", func() bool { return errors.Is(write(), spillway.ErrReadOnly) })
	if n := db.Stats().Generation; n <= before {
		t.Errorf("a refused write left the connections in use: generation %d, then %d", before, n)
	}
	if _, err := models.Count(t.Context(), db, models.From(entryT)); err != nil {
		t.Errorf("reads go on, but: %v", err)
	}
	cluster.Exec(t, "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
	eventually(t, 10*time.Second, "writes work again", func() bool { return write() == nil })

	// Sessions that began read-only stay so until they end, whatever the server says now.
	cluster.Exec(t, "ALTER DATABASE spillway SET default_transaction_read_only = on",
		"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'spillway'")
	var hold sync.WaitGroup
	eventually(t, 10*time.Second, "sessions begin read-only", func() bool { return errors.Is(write(), spillway.ErrReadOnly) })
	for range 4 {
		hold.Go(func() { _, _ = models.All(t.Context(), db, sleepShort) })
	}
	hold.Wait()
	generation := db.Stats().Generation
	cluster.Exec(t, "BEGIN READ WRITE; ALTER DATABASE spillway RESET default_transaction_read_only; COMMIT")
	// One write finds out, for all connections of its generation.
	tries := 0
	eventually(t, 10*time.Second, "writes work again", func() bool {
		tries++
		err := write()
		if err != nil && !errors.Is(err, spillway.ErrReadOnly) {
			t.Errorf("write %d: %v", tries, err)
		}
		return err == nil
	})
	l.check(t, tokens(t.Context(), t, db))
	works(t, db, 20)
	s := db.Stats()
	t.Logf("writes worked at try %d; generation %d, then %d; closed: %v", tries, generation, s.Generation, s.Closes)
	if tries > 2 {
		t.Errorf("%d writes were refused after the server took writes again, want at most 1", tries-1)
	}
}

// The server takes fewer connections than the pool may open: the pool goes on with what
// it has.
func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	cluster := testdb.NewCluster(t, "max_connections = 8", "superuser_reserved_connections = 3", "max_wal_senders = 0")
	db := open(t, spillway.Config{URL: cluster.URL(), Size: 20, Overflow: 20})
	const calls = 200
	var work sync.WaitGroup
	var failed atomic.Int64
	begin := time.Now()
	for range calls {
		work.Go(func() {
			if _, err := models.All(t.Context(), db, sleepShort); err != nil && failed.Add(1) == 1 {
				t.Errorf("a call failed: %v", err)
			}
		})
	}
	work.Wait()
	s := db.Stats()
	t.Logf("%d calls of 20 ms in %v on %d connections; %d attempts were refused", calls, time.Since(begin).Round(time.Millisecond), s.Connects, s.ConnectErrors)
	if n := failed.Load(); n > 0 {
		t.Errorf("%d of %d calls failed", n, calls)
	}
	if s.ConnectErrors == 0 {
		t.Error("the server refused nothing")
	}
	if open := s.Used + s.Idle; open > 5 {
		t.Errorf("%d connections are open, and the server takes 5", open)
	}
	// Who has none yet learns why.
	_, err := spillway.Open(t.Context(), spillway.Config{URL: cluster.URL(), Timeout: 300 * time.Millisecond})
	if !errors.Is(err, spillway.ErrTooMany) {
		t.Errorf("Open on a full server: %v, want ErrTooMany", err)
	}
	works(t, db, 5)
}

// The password changes while the program runs: open connections go on, new ones are
// refused with the reason, and when it is right again all is well.
func TestAPasswordThatIsRotated(t *testing.T) {
	t.Parallel()
	cluster := testdb.NewCluster(t)
	db := open(t, spillway.Config{URL: cluster.URL(), Size: 2, Overflow: spillway.NoOverflow})
	calls := func() {
		t.Helper()
		var work sync.WaitGroup
		for range 40 {
			work.Go(func() {
				if _, err := models.All(t.Context(), db, sleepShort); err != nil {
					t.Error(err)
				}
			})
		}
		work.Wait()
	}
	eventually(t, 30*time.Second, "two connections are open", func() bool {
		calls()
		return db.Stats().Idle == 2
	})
	before := db.Stats()
	cluster.Exec(t, "ALTER ROLE spillway PASSWORD 'another-one-3141'")
	calls()
	works(t, db, 5)
	if s := db.Stats(); s.Connects != before.Connects || s.ConnectErrors != before.ConnectErrors {
		t.Error("the pool connected anew without need")
	}

	cluster.Exec(t, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'spillway'")
	var err error
	eventually(t, 10*time.Second, "new connections are refused", func() bool {
		_, err = models.Count(t.Context(), db, models.From(entryT))
		return errors.Is(err, spillway.ErrAuth)
	})
	if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, testdb.Password) || strings.Contains(text, "3141") {
		t.Errorf("a password is in %q", text)
	}
	cluster.Exec(t, "ALTER ROLE spillway PASSWORD '"+testdb.Password+"'")
	works(t, db, 5)
}

// Calls that run over their deadline keep their connection: a hundred of them must not
// cost a hundred dials.
func TestDeadlineOverrunsKeepConnections(t *testing.T) {
	proxy := testdb.NewProxy(t, testdb.Postgres(t))
	db := open(t, spillway.Config{URL: proxy.URL(), Size: 4, Overflow: spillway.NoOverflow})
	works(t, db, 1)
	before := proxy.Counts()
	var over atomic.Int64
	for range 25 {
		var work sync.WaitGroup
		for range 4 {
			work.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
				defer cancel()
				_, err := models.All(ctx, db, sleepLong)
				if errors.Is(err, context.DeadlineExceeded) {
					over.Add(1)
				} else {
					t.Errorf("want context.DeadlineExceeded, got %v", err)
				}
			})
		}
		work.Wait()
	}
	c := proxy.Counts()
	t.Logf("%d overruns: %d dials, %d cancel requests", over.Load(), c.Connections-before.Connections, c.Cancels-before.Cancels)
	if n := c.Connections - before.Connections; n > 8 {
		t.Errorf("%d dials for 100 overruns", n)
	}
	works(t, db, 5)
}

func TestStatementTimeout(t *testing.T) {
	db := open(t, spillway.Config{URL: withParam(t, testdb.Postgres(t), "statement_timeout", "100"), Size: 2, Overflow: spillway.NoOverflow})
	connects := db.Stats().Connects
	for range 3 {
		_, err := models.All(t.Context(), db, sleepLong)
		if !errors.Is(err, spillway.ErrCanceled) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a statement that ran into statement_timeout: %v, want ErrCanceled alone", err)
		}
		works(t, db, 1)
	}
	if s := db.Stats(); s.Connects > connects+1 || s.Closes[pool.CloseBroken] > 0 {
		t.Errorf("%d connections opened, %d broken", s.Connects-connects, s.Closes[pool.CloseBroken])
	}
}
