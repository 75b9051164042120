package models_test

import (
	"bytes"
	"context"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/backend"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// A session that the program has forgotten gives its only connection back, rolled back.
func TestAForgottenSessionGivesItsConnectionBack(t *testing.T) {
	r := models.NewRegistry()
	models.RegisterIn[Tally](r)
	testdb.Both(t, func(t *testing.T, url string) {
		c, _, err := backend.Open(url)
		must(t, err)
		var log shared
		p, err := pool.New(c, pool.Config{Size: 1, Overflow: pool.NoOverflow, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		must(t, err)
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_ = p.Close(ctx)
		})
		e, err := models.NewEngine(p, r)
		must(t, err)
		must(t, models.CreateTables(t.Context(), e))
		func() {
			s := models.NewSession(e, "forgetful.go:7")
			s.Add(&Tally{Count: 1})
			must(t, s.Flush(t.Context()))
		}()
		again := time.NewTicker(5 * time.Millisecond)
		defer again.Stop()
		end := time.After(20 * time.Second)
		for p.Stats().Leased > 0 {
			runtime.GC()
			select {
			case <-again.C:
			case <-end:
				t.Fatal("the connection is still taken")
			}
		}
		if n, err := models.CountAll[Tally](t.Context(), e); n != 0 || err != nil {
			t.Errorf("%d rows, %v", n, err)
		}
		if s := p.Stats(); s.Leaks != 1 || !strings.Contains(log.String(), "owner=forgetful.go:7") {
			t.Errorf("%d leaks are counted; logged: %s", s.Leaks, log.String())
		}
		// One that ends in order is no leak.
		s := models.NewSession(e, "orderly")
		s.Add(&Tally{Count: 1})
		must(t, s.Commit(t.Context()))
		s = nil
		runtime.GC()
		runtime.GC()
		if s := p.Stats(); s.Leaks != 1 {
			t.Errorf("%d leaks after a commit", s.Leaks)
		}
	})
}

// shared is a buffer that several goroutines write to.
type shared struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
