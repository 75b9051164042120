package models_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

// handles runs f on the database itself and in a session.
func handles(t *testing.T, authors, articles int, f func(t *testing.T, h models.Handle, log *echo)) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, log := watched(t, url)
		shelves(t, db, authors, articles)
		t.Run("handle", func(t *testing.T) { f(t, db, log) })
		t.Run("session", func(t *testing.T) { f(t, session(t, db), log) })
	})
}

func items[T any](t *testing.T, m *models.HasMany[T]) []*T {
	t.Helper()
	xs, err := m.Items()
	must(t, err)
	return xs
}

func TestSeed71SelectIn(t *testing.T) {
	handles(t, 3, 4, func(t *testing.T, h models.Handle, log *echo) {
		q := models.From(writerT).OrderBy(models.Asc(&writerT.ID))
		var as []*Writer
		log.expect(t, 2, func() {
			var err error
			as, err = models.All(t.Context(), h, q.With(models.SelectIn(&writerT.Articles)))
			must(t, err)
		})
		for _, a := range as {
			arts := items(t, &a.Articles)
			if len(arts) != 4 {
				t.Fatalf("%d articles", len(arts))
			}
			for i, x := range arts {
				if x.WriterID != a.ID || i > 0 && x.ID > arts[i-1].ID {
					t.Errorf("article %d of author %d in place %d", x.ID, x.WriterID, i)
				}
				if back, err := x.Writer.Get(); back != a || err != nil {
					t.Errorf("the other side: %v, %v", back, err)
				}
				if _, err := x.Labels.Items(); err == nil {
					t.Error("what was not asked for was loaded")
				}
			}
		}
		log.expect(t, 3, func() {
			_, err := models.All(t.Context(), h, q.With(models.SelectIn(&writerT.Articles, models.SelectIn(&articleT.Labels))))
			must(t, err)
		})
	})
}

func TestLazyLoadServesSiblings(t *testing.T) {
	handles(t, 5, 3, func(t *testing.T, h models.Handle, log *echo) {
		ctx := t.Context()
		log.expect(t, 2, func() {
			as, err := models.All(ctx, h, models.From(writerT))
			must(t, err)
			for _, a := range as {
				arts, err := a.Articles.Load(ctx)
				must(t, err)
				if len(arts) != 3 {
					t.Errorf("%d articles", len(arts))
				}
			}
		})
	})
	handles(t, 5, 3, func(t *testing.T, h models.Handle, log *echo) {
		ctx := t.Context()
		log.expect(t, 3, func() {
			arts, err := models.All(ctx, h, models.From(articleT))
			must(t, err)
			for _, x := range arts {
				a, err := x.Writer.Load(ctx)
				must(t, err)
				if a == nil || a.ID != x.WriterID {
					t.Errorf("author %v of %d", a, x.WriterID)
				}
				labels, err := x.Labels.Load(ctx)
				must(t, err)
				if len(labels) != 2 || labels[0].Name != "new" {
					t.Errorf("labels %v", labels)
				}
			}
		})
	})
}

// Fifty goroutines load the same relation of siblings, from three kinds of source: one
// statement serves them all.
func TestLoadOfSiblingsByManyGoroutines(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, log := watched(t, url)
		shelves(t, db, 50, 2)
		q := models.From(writerT).OrderBy(models.Asc(&writerT.ID))
		load := func(t *testing.T, h func() ([]*Writer, error), one func(a *Writer) error) {
			as, err := h()
			must(t, err)
			log.expect(t, 1, func() {
				var all sync.WaitGroup
				for _, a := range as {
					all.Go(func() {
						if err := one(a); err != nil {
							t.Error(err)
						}
						xs, err := a.Articles.Items()
						if err != nil || len(xs) != 2 || xs[0].WriterID != a.ID {
							t.Errorf("%v, %v", xs, err)
						}
					})
				}
				all.Wait()
			})
		}
		ctx := t.Context()
		block := func(a *Writer) error { _, err := a.Articles.Load(ctx); return err }
		wait := func(a *Writer) error { return async.Load(ctx, &a.Articles).Wait(ctx) }
		t.Run("handle", func(t *testing.T) {
			load(t, func() ([]*Writer, error) { return models.All(ctx, db, q) }, block)
		})
		t.Run("session", func(t *testing.T) {
			s := session(t, db)
			load(t, func() ([]*Writer, error) { return models.All(ctx, s, q) }, block)
		})
		t.Run("handle by futures", func(t *testing.T) {
			load(t, func() ([]*Writer, error) { return models.All(ctx, db, q) }, wait)
		})
		t.Run("session by futures", func(t *testing.T) {
			s := session(t, db)
			load(t, func() ([]*Writer, error) { return models.All(ctx, s, q) }, wait)
		})
		t.Run("async session", func(t *testing.T) {
			s := async.NewSession(db, t.Name(), time.Second)
			defer func() { must(t, s.Close()) }()
			load(t, func() ([]*Writer, error) { return async.All(ctx, s, q).Await(ctx) }, wait)
		})
		t.Run("async session, blocking", func(t *testing.T) {
			s := async.NewSession(db, t.Name(), time.Second)
			defer func() { must(t, s.Close()) }()
			load(t, func() ([]*Writer, error) { return async.All(ctx, s, q).Await(ctx) }, block)
		})
	})
}

func TestLoadOfWhatIsFromNowhere(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, log := watched(t, url)
		shelves(t, db, 1, 1)
		ctx := t.Context()
		s := session(t, db)
		a, err := models.First(ctx, s, models.From(writerT))
		must(t, err)
		if _, err := a.Articles.Items(); !errors.Is(err, models.ErrNotLoaded) || !containsText(err, "Writer.Articles") {
			t.Errorf("read before it is loaded: %v", err)
		}
		c := *a
		s.Close()
		log.expect(t, 0, func() {
			if _, err := a.Articles.Load(ctx); !errors.Is(err, models.ErrDetached) || !containsText(err, "Writer.Articles") {
				t.Errorf("of a closed session: %v", err)
			}
			if err := async.Load(ctx, &a.Articles).Wait(ctx); !errors.Is(err, models.ErrDetached) {
				t.Errorf("of a closed session: %v", err)
			}
			if _, err := c.Articles.Load(ctx); !errors.Is(err, models.ErrDetached) {
				t.Errorf("of a copy: %v", err)
			}
			if _, err := new(Writer).Articles.Load(ctx); !errors.Is(err, models.ErrDetached) {
				t.Errorf("of a literal: %v", err)
			}
		})
		s = session(t, db)
		s.Add(a)
		if xs, err := a.Articles.Load(ctx); err != nil || len(xs) != 1 {
			t.Errorf("added to another session: %v, %v", xs, err)
		}
	})
}
