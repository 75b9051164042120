package models_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/backend"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

func TestBeginWithOptions(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		for _, o := range []models.TxOptions{
			{Deferrable: true},
			{Isolation: 77},
			{Attempts: -1},
		} {
			if err := s.Begin(ctx, o); err == nil {
				t.Errorf("%+v is no mistake", o)
			}
		}
		must(t, s.Begin(ctx, models.TxOptions{Isolation: models.Serializable, ReadOnly: true, Deferrable: true}))
		if err := s.Begin(ctx, models.TxOptions{}); err == nil || !containsText(err, "open already") {
			t.Errorf("a second Begin: %v", err)
		}
		if got := names(t, s); got != "" {
			t.Errorf("%q", got)
		}
		must(t, models.Create(ctx, db, newUser("ada")))
		if got := names(t, s); got != "" {
			t.Errorf("a snapshot that changes: %q", got)
		}
		s.Add(newUser("bob"))
		if err := s.Flush(ctx); !errors.Is(err, driver.ErrReadOnly) {
			t.Errorf("a write: %v", err)
		}
		must(t, s.Rollback(ctx))
		s.Add(newUser("cyd"))
		must(t, s.Commit(ctx))
		if got := names(t, db); got != "ada cyd" {
			t.Errorf("%q", got)
		}
	})
}

func TestIsolationLevelsOfPostgres(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, p := openPool(t, url, blog)
		if p.Features().Name != "postgres" {
			return // SQLite has one level
		}
		for o, want := range map[models.TxOptions]string{
			{}:                                 "read committed off off",
			{Isolation: models.ReadCommitted}:  "read committed off off",
			{Isolation: models.RepeatableRead}: "repeatable read off off",
			{Isolation: models.Serializable}:   "serializable off off",
			{ReadOnly: true}:                   "read committed on off",
			{Isolation: models.Serializable, ReadOnly: true, Deferrable: true}: "serializable on on",
		} {
			s := session(t, db)
			must(t, s.Begin(t.Context(), o))
			got, err := models.One(t.Context(), s, models.Raw[string](`SELECT current_setting('transaction_isolation') || ' ' ||
				current_setting('transaction_read_only') || ' ' || current_setting('transaction_deferrable')`))
			if got != want || err != nil {
				t.Errorf("%+v: %q, %v", o, got, err)
			}
			s.Close()
		}
	})
}

func TestInTx(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		add := func(name string, end func() error) error {
			return models.InTx(ctx, db, "here", models.TxOptions{}, func(ctx context.Context, s *models.Session) error {
				s.Add(newUser(name))
				must(t, s.Flush(ctx))
				return end()
			})
		}
		must(t, add("kept", func() error { return nil }))
		if err := add("failed", func() error { return errWanted }); !errors.Is(err, errWanted) {
			t.Error(err)
		}
		func() {
			defer func() {
				if r := recover(); r != errWanted {
					t.Errorf("recovered %v", r)
				}
			}()
			_ = add("panicked", func() error { panic(errWanted) })
		}()
		var late *models.Session
		must(t, models.InTx(ctx, db, "here", models.TxOptions{}, func(ctx context.Context, s *models.Session) error {
			late = s
			s.Close() // InTx does that
			if err := s.Commit(ctx); !errors.Is(err, models.ErrInner) {
				t.Error(err)
			}
			if err := s.Begin(ctx, models.TxOptions{}); err == nil {
				t.Error("Begin inside")
			}
			return nil
		}))
		if err := late.Flush(ctx); !errors.Is(err, models.ErrSessionClosed) {
			t.Error(err)
		}
		if got := names(t, db); got != "kept" {
			t.Errorf("%q", got)
		}
	})
}

func TestInTxRepeats(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		busy := &driver.Error{Kind: driver.ErrSerialization}
		for _, c := range []struct {
			attempts, fails, runs int
			err                   error
			lasts                 bool // the failure
		}{
			{0, 2, 3, busy, false},
			{0, 99, 5, busy, true},
			{1, 99, 1, &driver.Error{Kind: driver.ErrDeadlock}, true},
			{0, 99, 1, &driver.Error{Kind: driver.ErrUnique}, true},
			{0, 99, 1, errors.Join(busy, driver.ErrOutcomeUnknown), true},
		} {
			runs := 0
			u := newUser(fmt.Sprint(c))
			err := models.InTx(t.Context(), db, "here", models.TxOptions{Attempts: c.attempts}, func(ctx context.Context, s *models.Session) error {
				runs++
				s.Add(u) // again and again
				must(t, s.Flush(ctx))
				if runs <= c.fails {
					return c.err
				}
				return nil
			})
			if errors.Is(err, c.err) != c.lasts || runs != c.runs {
				t.Errorf("%+v: %d runs, %v", c, runs, err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		err := models.InTx(ctx, db, "here", models.TxOptions{}, func(context.Context, *models.Session) error {
			cancel()
			return busy
		})
		if !errors.Is(err, context.Canceled) || !errors.Is(err, driver.ErrSerialization) {
			t.Error(err)
		}
		if n := count(t, db, userT); n != 1 {
			t.Errorf("%d rows", n)
		}
	})
}

// Each transaction reads what all of them write: on Postgres all but one at a time fail,
// on SQLite they wait for each other. In the end none is lost.
func TestInTxOfManyGoroutinesLosesNothing(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		must(t, models.Create(t.Context(), db, newUser("ada")))
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 5 {
					err := models.InTx(t.Context(), db, "here", models.TxOptions{Isolation: models.Serializable, Attempts: 100}, func(ctx context.Context, s *models.Session) error {
						u, err := models.First(ctx, s, models.From(userT))
						if err == nil {
							u.Score++
						}
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		u, err := models.First(t.Context(), db, models.From(userT))
		if err != nil || u.Score != 20 {
			t.Errorf("%+v, %v", u, err)
		}
	})
}

// pgx #2499: as many transactions as connections, each of which asks for one more, wait
// for each other for ever. Here one of them is told. To see it fail let Unit.Within leave
// Lease.Context out.
func TestPgx2499TransactionThatNeedsASecondConnection(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		c, _, err := backend.Open(url)
		must(t, err)
		p, err := pool.New(c, pool.Config{Size: 1, Overflow: pool.NoOverflow, Timeout: time.Minute})
		must(t, err)
		defer func() { must(t, p.Close(context.Background())) }()
		db, err := models.NewEngine(p, blog)
		must(t, err)
		must(t, models.CreateTables(t.Context(), db))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		err = models.InTx(ctx, db, "here", models.TxOptions{}, func(ctx context.Context, s *models.Session) error {
			return models.Create(ctx, db, newUser("ada")) // not by s
		})
		if !errors.Is(err, pool.ErrPoolDeadlock) {
			t.Errorf("%v", err)
		}
		s := models.NewSession(db, "here")
		defer s.Close()
		err = s.Nested(ctx, func(ctx context.Context, s *models.Session) error {
			return models.Create(ctx, db, newUser("ada"))
		})
		if !errors.Is(err, pool.ErrPoolDeadlock) {
			t.Errorf("%v", err)
		}
	})
}
