package models_test

import (
	"testing"

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
