package models_test

import (
	"slices"
	"testing"

	"github.com/spillwaydb/spillway/models"
)

func TestCountEach(t *testing.T) {
	handles(t, 3, 4, func(t *testing.T, h models.Handle, log *echo) {
		ctx := t.Context()
		ws, err := models.All(ctx, h, models.From(writerT).OrderBy(models.Desc(&writerT.ID)))
		must(t, err)
		as, err := models.All(ctx, h, models.From(articleT).OrderBy(models.Asc(&articleT.ID)))
		must(t, err)
		ws = append(ws, &Writer{Name: "without a row"}, ws[0])
		asked := func(want []int64, ask func() ([]int64, error)) {
			t.Helper()
			log.expect(t, 1, func() {
				if got, err := ask(); err != nil || !slices.Equal(got, want) {
					t.Errorf("%v, %v, want %v", got, err, want)
				}
			})
		}
		asked([]int64{4, 4, 4, 0, 4}, func() ([]int64, error) { return models.CountEach(ctx, h, ws, &writerT.Articles) })
		asked([]int64{0, 4, 0, 0, 0}, func() ([]int64, error) {
			return models.CountEach(ctx, h, ws, &writerT.Articles, models.Eq(&articleT.WriterID, 2))
		})
		asked([]int64{0, 0, 1, 0, 0}, func() ([]int64, error) {
			return models.CountEach(ctx, h, ws, &writerT.Bio, models.Has(&bioT.Writer, models.Eq(&writerT.ID, 1)))
		})
		asked([]int64{2, 2}, func() ([]int64, error) { return models.CountEach(ctx, h, as[:2], &articleT.Labels) })
		asked([]int64{1, 1}, func() ([]int64, error) {
			return models.CountEach(ctx, h, as[:2], &articleT.Labels, models.Eq(&labelT.Name, "new"))
		})
		asked([]int64{1, 1, 1}, func() ([]int64, error) { return models.CountEach(ctx, h, as[3:6], &articleT.Writer) })
		log.expect(t, 0, func() {
			if got, err := models.CountEach(ctx, h, []*Writer{}, &writerT.Articles); err != nil || len(got) != 0 {
				t.Error(got, err)
			}
		})
		short, err := models.All(ctx, h, models.From(markT).LoadOnly(&markT.Message).Limit(1)) // and its keys
		must(t, err)
		asked([]int64{1}, func() ([]int64, error) { return models.CountEach(ctx, h, short, &markT.Article) })
		for text, err := range map[string]error{
			"Article.Labels is no relation of Writer": second(models.CountEach(ctx, h, ws, &articleT.Labels)),
			"object 1 is nil":                         second(models.CountEach(ctx, h, []*Writer{ws[0], nil}, &writerT.Articles)),
			"names no relation":                       second(models.CountEach(ctx, h, ws, nil)),
		} {
			if err == nil || !containsText(err, text) {
				t.Errorf("%v, want %q", err, text)
			}
		}
	})
}

// What a session has not sent yet counts, and what is not loaded stays so.
func TestCountEachSendsChangesFirst(t *testing.T) {
	handles(t, 2, 1, func(t *testing.T, h models.Handle, _ *echo) {
		s, ok := h.(*models.Session)
		if !ok {
			return
		}
		w, err := models.First(t.Context(), s, models.From(writerT))
		must(t, err)
		s.Add(&Article{Title: "new", WriterID: w.ID})
		got, err := models.CountEach(t.Context(), s, []*Writer{w}, &writerT.Articles)
		if err != nil || got[0] != 2 || w.Articles.Loaded() {
			t.Errorf("%v, %v, loaded %v", got, err, w.Articles.Loaded())
		}
	})
}
