package models_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/backend"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// Shelf and Volume are the tables of the test of loops.
type (
	Shelf struct {
		models.Model
		Name    string
		Volumes models.HasMany[Volume] `rel:"fk=ShelfID"`
	}
	Volume struct {
		models.Model
		ShelfID int64 `db:",fk=shelfs.id"`
	}
)

// getEach is the loop, in a session of its own.
func getEach(t *testing.T, e *models.Engine, shelves []*Shelf) {
	t.Helper()
	s := models.NewSession(e, "repeat")
	defer s.Close()
	for _, x := range shelves {
		_, err := models.Get[Shelf](t.Context(), s, x.ID)
		must(t, err)
	}
}

// A loop that asks for each row by itself is reported with its line, once.
func TestLoopsThatAskForEachRowAreReported(t *testing.T) {
	r := models.NewRegistry()
	shelfT := models.RegisterIn[Shelf](r)
	models.RegisterIn[Volume](r)
	for _, c := range []struct {
		name    string
		after   int
		loop    func(t *testing.T, e *models.Engine, shelves []*Shelf)
		repeats uint64
		at      string // part of the one line that is logged; "": none is
	}{
		{"Get in a session", 20, func(t *testing.T, e *models.Engine, shelves []*Shelf) {
			getEach(t, e, shelves)
			getEach(t, e, shelves)
		}, 2, "at=repeat_test.go:"},
		{"a query of its own for each", 20, func(t *testing.T, e *models.Engine, shelves []*Shelf) {
			s := models.NewSession(e, "repeat")
			defer s.Close()
			for _, x := range shelves {
				_, err := models.All(t.Context(), s, models.From(shelfT).Where(models.Eq(&shelfT.Name, x.Name)))
				must(t, err)
			}
		}, 1, "at=repeat_test.go:"},
		{"an async session", 20, func(t *testing.T, e *models.Engine, shelves []*Shelf) {
			s := async.NewSession(e, "async.go:7", time.Second)
			defer s.Close()
			for _, x := range shelves {
				_, err := async.Get[Shelf](t.Context(), s, x.ID).Await(t.Context())
				must(t, err)
			}
		}, 1, "session=async.go:7"},
		{"fewer", 31, func(t *testing.T, e *models.Engine, shelves []*Shelf) {
			getEach(t, e, shelves)
		}, 0, ""},
		{"loads of siblings", 20, func(t *testing.T, e *models.Engine, _ []*Shelf) {
			s := models.NewSession(e, "repeat")
			defer s.Close()
			all, err := models.All(t.Context(), s, models.From(shelfT))
			must(t, err)
			for _, x := range all {
				_, err := x.Volumes.Load(t.Context())
				must(t, err)
			}
		}, 0, ""},
		{"switched off", pool.Unlimited, func(t *testing.T, e *models.Engine, shelves []*Shelf) {
			getEach(t, e, shelves)
		}, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			connector, _, err := backend.Open("sqlite::memory:")
			must(t, err)
			var log bytes.Buffer
			p, err := pool.New(connector, pool.Config{RepeatAfter: c.after, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			must(t, err)
			defer p.Close(t.Context())
			e, err := models.NewEngine(p, r)
			must(t, err)
			must(t, models.CreateTables(t.Context(), e))
			shelves := make([]*Shelf, 30)
			for i := range shelves {
				shelves[i] = &Shelf{Name: strings.Repeat("x", i)}
			}
			_, err = models.Exec(t.Context(), e, models.Insert(shelves...))
			must(t, err)
			c.loop(t, e, shelves)
			if got := p.Stats().Repeats; got != c.repeats {
				t.Errorf("%d loops are counted, want %d", got, c.repeats)
			}
			lines := strings.Count(log.String(), "\n")
			if c.at == "" && lines > 0 || c.at != "" && (lines != 1 || !strings.Contains(log.String(), c.at) || !strings.Contains(log.String(), "SELECT")) {
				t.Errorf("logged:\n%s", log.String())
			}
		})
	}
}
