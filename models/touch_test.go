package models_test

import (
	"context"
	"errors"
	"testing"

	"github.com/spillwaydb/spillway/models"
)

// A field that was left out is written when the program says so, also if it became zero.
func TestAFieldThatWasLeftOutCanBecomeZero(t *testing.T) {
	for _, c := range []struct {
		name  string
		do    func(t *testing.T, s *models.Session, a *Article)
		title string // afterwards
	}{
		{"nothing", func(*testing.T, *models.Session, *Article) {}, "title"},
		{"another field", func(_ *testing.T, _ *models.Session, a *Article) { a.Views = 7 }, "title"},
		{"a value", func(_ *testing.T, _ *models.Session, a *Article) { a.Title = "new" }, "new"},
		{"Touch", func(t *testing.T, _ *models.Session, a *Article) { must(t, models.Touch(a, &a.Title)) }, ""},
		{"Set", func(t *testing.T, _ *models.Session, a *Article) { must(t, models.Set(a, models.Vals{"title": ""})) }, ""},
		{"Refresh, and zero", func(t *testing.T, s *models.Session, a *Article) {
			must(t, s.Refresh(t.Context(), a))
			a.Title = ""
		}, ""},
		{"Refresh of it, and zero", func(t *testing.T, s *models.Session, a *Article) {
			must(t, s.Refresh(t.Context(), a, &a.Title))
			a.Title = ""
		}, ""},
		{"Touch, and Refresh of another", func(t *testing.T, s *models.Session, a *Article) {
			must(t, models.Touch(a, &a.Title))
			must(t, s.Refresh(t.Context(), a, &a.Views))
		}, ""},
		{"Touch, and a read of another", func(t *testing.T, s *models.Session, a *Article) {
			must(t, models.Touch(a, &a.Title))
			_, err := models.All(t.Context(), s, models.From(articleT).LoadOnly(&articleT.Views).ForUpdate())
			must(t, err)
		}, ""},
		{"Touch, and a read with a lock", func(t *testing.T, s *models.Session, a *Article) {
			must(t, models.Touch(a, &a.Title))
			_, err := models.All(t.Context(), s, models.From(articleT).ForUpdate())
			must(t, err)
		}, ""},
		{"Touch, and Refresh", func(t *testing.T, s *models.Session, a *Article) {
			must(t, models.Touch(a, &a.Title))
			must(t, s.Refresh(t.Context(), a))
		}, "title"},
		{"Touch, and Rollback", func(t *testing.T, s *models.Session, a *Article) {
			must(t, models.Touch(a, &a.Title))
			must(t, s.Rollback(t.Context()))
		}, "title"},
		{"Touch, a Nested that fails", func(t *testing.T, s *models.Session, a *Article) {
			fails := s.Nested(t.Context(), func(ctx context.Context, in *models.Session) error {
				if err := models.Touch(a, &a.Title); err != nil {
					return err
				}
				if err := in.Flush(ctx); err != nil {
					return err
				}
				return errTouch
			})
			if !errors.Is(fails, errTouch) {
				t.Error(fails)
			}
		}, "title"},
		{"all of the row, and zero", func(t *testing.T, s *models.Session, a *Article) {
			_, err := models.All(t.Context(), s, models.From(articleT).PopulateExisting())
			must(t, err)
			a.Title = ""
		}, ""},
		{"Merge of an object that lacks it", func(t *testing.T, s *models.Session, a *Article) {
			must(t, s.Commit(t.Context()))
			s.Expunge(a)
			b, err := models.Merge(t.Context(), s, a)
			if err != nil || b == a || b.Title != "title" {
				t.Errorf("%+v, %v", b, err)
			}
		}, "title"},
		{"Merge of an object in which it is touched", func(t *testing.T, s *models.Session, a *Article) {
			s.Expunge(a)
			must(t, models.Touch(a, &a.Title))
			_, err := models.Merge(t.Context(), s, a)
			must(t, err)
		}, ""},
		{"Merge of an object that knows it", func(t *testing.T, s *models.Session, a *Article) {
			_, err := models.Merge(t.Context(), s, &Article{Model: models.Model{ID: a.ID}, WriterID: a.WriterID, Views: 3})
			must(t, err)
		}, ""},
		{"Touch of one that is added again", func(t *testing.T, s *models.Session, a *Article) {
			s.Expunge(a)
			must(t, models.Touch(a, &a.Title))
			s.Add(a)
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			handles(t, 1, 1, func(t *testing.T, h models.Handle, log *echo) {
				s, ok := h.(*models.Session)
				if !ok {
					return
				}
				ctx := t.Context()
				must(t, exec(ctx, s, models.Update(articleT).Set(models.To(&articleT.Title, "title")).Where(models.Gt(&articleT.ID, 0))))
				must(t, s.Commit(ctx))
				a, err := models.One(ctx, s, models.From(articleT).Defer(&articleT.Title))
				if err != nil || a.Title != "" {
					t.Fatal(a, err)
				}
				c.do(t, s, a)
				must(t, s.Commit(ctx))
				got, err := models.One(ctx, s, models.Select1(models.Col(&articleT.Title)))
				if err != nil || got != c.title {
					t.Errorf("%q, %v, want %q", got, err, c.title)
				}
				log.expect(t, 0, func() { must(t, s.Flush(ctx)) }) // nothing is written twice
			})
		})
	}
}

var errTouch = errors.New("take it back")

func TestTouchIsRefused(t *testing.T) {
	handles(t, 1, 1, func(t *testing.T, h models.Handle, _ *echo) {
		a, err := models.First(t.Context(), h, models.From(articleT))
		must(t, err)
		l, err := models.First(t.Context(), h, models.From(articleLabelT))
		must(t, err)
		fresh := &Article{}
		for text, err := range map[string]error{
			"want a pointer to a struct":       models.Touch(7),
			"want the address of one of its":   models.Touch(a, &fresh.Title),
			"Article.Model.ID: the key":        models.Touch(a, &a.ID),
			"was never read or written":        models.Touch(fresh, &fresh.Title),
			"ArticleLabel can not remember it": models.Touch(l, &l.Weight),
		} {
			if err == nil || !containsText(err, text) {
				t.Errorf("%v, want %q", err, text)
			}
		}
	})
}
