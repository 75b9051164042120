package spillwaytest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/internal/testleak"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/spillwaytest"
)

func TestMain(m *testing.M) { testleak.Main(m) }

// Product is the table of the tests.
type Product struct {
	models.Model
	Name string `db:",unique"`
}

var productT = models.Register[Product]()

// quiet is a configuration that logs nothing.
func quiet(url string) spillway.Config {
	return spillway.Config{URL: url, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

func seed(ctx context.Context, db *spillway.DB) error {
	if err := db.CreateTables(ctx); err != nil {
		return err
	}
	return models.Create(ctx, db, &Product{Name: "tea"})
}

// Each test has a copy of what was prepared once, and nobody sees what another writes.
func TestEachTestHasItsOwnCopy(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		var prepared atomic.Int32
		shop := spillwaytest.New(quiet(url), func(ctx context.Context, db *spillway.DB) error {
			prepared.Add(1)
			return seed(ctx, db)
		})
		t.Run("tests", func(t *testing.T) {
			for i := range 5 {
				t.Run(fmt.Sprint(i), func(t *testing.T) {
					t.Parallel()
					db := shop.Open(t)
					if err := models.Create(t.Context(), db, &Product{Name: "coffee"}); err != nil {
						t.Error(err)
					}
					if n, err := models.CountAll[Product](t.Context(), db); n != 2 || err != nil {
						t.Errorf("%d products, %v", n, err)
					}
				})
			}
		})
		if n := prepared.Load(); n != 1 {
			t.Errorf("prepared %d times", n)
		}
		if err := shop.Close(); err != nil {
			t.Error(err)
		}
		if strings.HasPrefix(url, "sqlite") {
			return
		}
		db, err := spillway.Open(t.Context(), quiet(url))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		left, err := models.All(t.Context(), db, models.Raw[string]("SELECT datname FROM pg_database WHERE datname LIKE 'spillwaytest%'"))
		if len(left) > 0 || err != nil {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
}

func TestQueriesCounts(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		shop := spillwaytest.New(quiet(url), seed)
		defer shop.Close()
		t.Run("test", func(t *testing.T) {
			db := shop.Open(t)
			work := func() {
				s := db.Session()
				defer s.Close()
				if _, err := models.First(t.Context(), s, models.From(productT)); err != nil {
					t.Error(err)
				}
				s.Add(&Product{Name: "coffee"})
				if err := s.Flush(t.Context()); err != nil {
					t.Error(err)
				}
			}
			spillwaytest.Queries(t, db, 2, work)
			wrong := &judge{TB: t}
			spillwaytest.Queries(wrong, db, 1, work)
			if !strings.Contains(wrong.said, "2 statements were sent, want 1") || !strings.Contains(wrong.said, "SELECT") || !strings.Contains(wrong.said, "INSERT") {
				t.Errorf("%q", wrong.said)
			}
			stranger := &judge{TB: t}
			stranger.run(func() { spillwaytest.Queries(stranger, nil, 1, work) })
			if !strings.Contains(stranger.said, "Template.Open") {
				t.Errorf("%q", stranger.said)
			}
		})
	})
}

// A template that can not be prepared ends each test with the reason, and leaves nothing.
func TestATemplateThatFails(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		shop := spillwaytest.New(quiet(url), func(context.Context, *spillway.DB) error { return errors.New("no tea") })
		for range 2 {
			j := &judge{TB: t}
			j.run(func() { shop.Open(j) })
			if !strings.Contains(j.said, "prepare the template: no tea") {
				t.Errorf("%q", j.said)
			}
		}
		if err := shop.Close(); err != nil {
			t.Error(err)
		}
	})
	j := &judge{TB: t}
	j.run(func() { spillwaytest.New(quiet("host=localhost dbname=x"), nil).Open(j) })
	if !strings.Contains(j.said, "want sqlite:… or postgres://") {
		t.Errorf("%q", j.said)
	}
}

// judge is a testing.TB that hears failures.
type judge struct {
	testing.TB
	said string
}

func (j *judge) Helper() {}

func (j *judge) Errorf(format string, args ...any) { j.said += fmt.Sprintf(format, args...) }

func (j *judge) Fatal(args ...any) {
	j.said += fmt.Sprint(args...)
	runtime.Goexit()
}

func (j *judge) Fatalf(format string, args ...any) {
	j.Errorf(format, args...)
	runtime.Goexit()
}

// run calls f, which may end its goroutine.
func (j *judge) run(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}
