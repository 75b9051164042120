package models_test

import (
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

func TestSeed69JoinedIsOneStatement(t *testing.T) {
	handles(t, 3, 4, func(t *testing.T, h models.Handle, log *echo) {
		q := models.From(writerT).OrderBy(models.Asc(&writerT.ID)).With(
			models.Joined(&writerT.Articles, models.Joined(&articleT.Labels), models.Joined(&articleT.Marks)),
			models.Joined(&writerT.Bio))
		log.expect(t, 1, func() {
			ws, err := models.All(t.Context(), h, q)
			must(t, err)
			if len(ws) != 3 {
				t.Fatalf("%d writers", len(ws))
			}
			labels := map[string]*Label{}
			for _, w := range ws {
				arts := items(t, &w.Articles)
				if len(arts) != 4 {
					t.Fatalf("%d articles of %d", len(arts), w.ID)
				}
				for i, a := range arts {
					if a.WriterID != w.ID || i > 0 && a.ID > arts[i-1].ID {
						t.Errorf("article %d of writer %d in place %d", a.ID, w.ID, i)
					}
					if back, err := a.Writer.Get(); back != w || err != nil {
						t.Errorf("the other side: %v, %v", back, err)
					}
					ls := items(t, &a.Labels)
					if len(ls) != 2 || ls[0].Name != "new" {
						t.Errorf("labels %v", ls)
					}
					for _, l := range ls {
						if labels[l.Name] == nil {
							labels[l.Name] = l
						}
						if labels[l.Name] != l {
							t.Error("one label is two objects")
						}
					}
					if ms := items(t, &a.Marks); len(ms) != 1 || ms[0].ArticleID != a.ID {
						t.Errorf("marks %v", ms)
					}
				}
				if _, err := w.Bio.Get(); err != nil {
					t.Error(err)
				}
			}
		})
	})
}

func TestJoinedBelowSelectInAndTheOtherWayRound(t *testing.T) {
	handles(t, 3, 4, func(t *testing.T, h models.Handle, log *echo) {
		for n, l := range map[int]models.Loading{
			2: models.SelectIn(&writerT.Articles, models.Joined(&articleT.Labels), models.Joined(&articleT.Writer)),
			3: models.SelectIn(&writerT.Articles, models.PerParent(4), models.Joined(&articleT.Labels)),
			1: models.Joined(&writerT.Articles, models.Joined(&articleT.Labels)),
		} {
			log.expect(t, n, func() {
				ws, err := models.All(t.Context(), h, models.From(writerT).With(l))
				must(t, err)
				for _, w := range ws {
					for _, a := range items(t, &w.Articles) {
						if len(items(t, &a.Labels)) != 2 {
							t.Errorf("labels %v", items(t, &a.Labels))
						}
					}
				}
			})
		}
		log.expect(t, 2, func() {
			ws, err := models.All(t.Context(), h, models.From(writerT).With(
				models.Joined(&writerT.Articles, models.SelectIn(&articleT.Labels))))
			must(t, err)
			for _, w := range ws {
				if as := items(t, &w.Articles); len(as) != 4 || len(items(t, &as[0].Labels)) != 2 {
					t.Errorf("%v", as)
				}
			}
		})
	})
}

func TestSeed75LimitCountsParents(t *testing.T) {
	handles(t, 9, 4, func(t *testing.T, h models.Handle, log *echo) {
		for name, q := range map[string]models.Query[*Writer]{
			"by a column":      models.From(writerT).OrderBy(models.Desc(&writerT.ID)),
			"by an expression": models.From(writerT).OrderBy(models.Col(&writerT.ID).Times(-3).Asc()),
			"of a join": models.From(writerT).Join(articleT, models.EqCol(&articleT.WriterID, &writerT.ID), models.HasSuffix(&articleT.Title, ", 0")).
				OrderBy(models.Desc(&articleT.WriterID)),
			"distinct": models.From(writerT).Distinct().OrderBy(models.Desc(&writerT.ID)),
		} {
			log.expect(t, 1, func() {
				ws, err := models.All(t.Context(), h, q.Limit(3).Offset(1).With(models.Joined(&writerT.Articles)))
				if err != nil || len(ws) != 3 {
					t.Fatalf("%s: %d writers, %v", name, len(ws), err)
				}
				for i, w := range ws {
					if w.ID != int64(8-i) || len(items(t, &w.Articles)) != 4 {
						t.Errorf("%s: writer %d in place %d with %d articles", name, w.ID, i, len(items(t, &w.Articles)))
					}
				}
			})
		}
		u := models.Union(models.From(writerT).Where(models.Eq(&writerT.ID, 1)), models.From(writerT).Where(models.Ge(&writerT.ID, 8))).OrderBy(models.Desc(&writerT.ID))
		ws, err := models.All(t.Context(), h, u.Limit(2).With(models.Joined(&writerT.Articles)))
		if err != nil || len(ws) != 2 || ws[0].ID != 9 || len(items(t, &ws[1].Articles)) != 4 {
			t.Errorf("%v, %v", ws, err)
		}
	})
}

func TestFilterOfJoinedKeepsParents(t *testing.T) {
	handles(t, 3, 2, func(t *testing.T, h models.Handle, log *echo) {
		for _, l := range []models.Loading{
			models.Joined(&writerT.Articles, models.Filter(models.Eq(&articleT.WriterID, 2), models.ExistsIn(
				models.From(writerT).Where(models.EqCol(&writerT.ID, &articleT.WriterID))))),
			models.SelectIn(&writerT.Articles, models.Filter(models.Eq(&articleT.WriterID, 2), models.ExistsIn(
				models.From(writerT).Where(models.EqCol(&writerT.ID, &articleT.WriterID))))),
		} {
			ws, err := models.All(t.Context(), h, models.From(writerT).OrderBy(models.Asc(&writerT.ID)).With(l))
			if err != nil || len(ws) != 3 {
				t.Fatalf("%d writers, %v", len(ws), err)
			}
			for _, w := range ws {
				if got := len(items(t, &w.Articles)); got != map[int64]int{2: 2}[w.ID] {
					t.Errorf("writer %d has %d articles", w.ID, got)
				}
			}
		}
	})
}

func TestSeed70Subquery(t *testing.T) {
	handles(t, 9, 4, func(t *testing.T, h models.Handle, log *echo) {
		base := models.From(writerT).Where(models.Gt(&writerT.ID, 1))
		load := models.Subquery(&writerT.Articles, models.Subquery(&articleT.Labels))
		for name, c := range map[string]struct {
			q   models.Query[*Writer]
			sub bool
			n   int
		}{
			"plain":                 {base, true, 8},
			"limit with the key":    {base.OrderBy(models.Asc(&writerT.Name), models.Asc(&writerT.ID)).Limit(3), true, 3},
			"limit with ties":       {base.OrderBy(models.Asc(&writerT.Name)).Limit(3), false, 3},
			"limit without order":   {base.Limit(3), false, 3},
			"distinct":              {base.Distinct(), false, 8},
			"joined beside":         {base.OrderBy(models.Asc(&writerT.ID)).Limit(3).With(models.Joined(&writerT.Bio)), true, 3},
			"in order, not limited": {base.OrderBy(models.Desc(&writerT.Name)), true, 8},
		} {
			var ws []*Writer
			sent := log.statements(func() {
				var err error
				ws, err = models.All(t.Context(), h, c.q.With(load))
				must(t, err)
			})
			if len(sent) != 3 || strings.Contains(sent[1], `IN (SELECT "writers"."id" FROM "writers"`) != c.sub {
				t.Errorf("%s: %q", name, sent)
			}
			if len(ws) != c.n {
				t.Errorf("%s: %d writers", name, len(ws))
			}
			for _, w := range ws {
				if as := items(t, &w.Articles); len(as) != 4 || len(items(t, &as[3].Labels)) != 2 {
					t.Errorf("%s: %v", name, as)
				}
			}
		}
	})
}

// In a session an object that it holds is not written to by a read, but a relation that
// was not loaded is filled.
func TestJoinedLeavesObjectsOfTheSessionAlone(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, _ := watched(t, url)
		shelves(t, db, 2, 2)
		ctx := t.Context()
		s := session(t, db)
		a, err := models.Get[Article](ctx, s, 1)
		must(t, err)
		_, err = models.Exec(ctx, db, models.Update(articleT).Set(models.To(&articleT.Title, "elsewhere")).Everywhere())
		must(t, err)
		w, err := models.First(ctx, s, models.From(writerT).OrderBy(models.Asc(&writerT.ID)).With(models.Joined(&writerT.Articles)))
		must(t, err)
		arts := items(t, &w.Articles)
		if len(arts) != 2 || arts[1] != a || a.Title != "author 0, 0" || arts[0].Title != "elsewhere" {
			t.Errorf("%v", arts)
		}
		if back, err := a.Writer.Get(); back != w || err != nil {
			t.Errorf("%v, %v", back, err)
		}
	})
}

func TestForUpdateWithJoined(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, log := watched(t, url)
		shelves(t, db, 2, 2)
		s := session(t, db)
		log.expect(t, 2, func() {
			ws, err := models.All(t.Context(), s, models.From(writerT).Limit(1).ForUpdate().With(models.Joined(&writerT.Articles)))
			if err != nil || len(ws) != 1 || len(items(t, &ws[0].Articles)) != 2 {
				t.Errorf("%v, %v", ws, err)
			}
		})
	})
}

func TestDepthByEveryStrategy(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, log := watched(t, url)
		ctx := t.Context()
		root := &Section{Name: "0", Children: models.Many(
			&Section{Name: "0.0", Children: models.Many(&Section{Name: "0.0.0", Children: models.Many(&Section{Name: "0.0.0.0"})})},
			&Section{Name: "0.1"})}
		s := session(t, db)
		s.Add(root)
		must(t, s.Commit(ctx))
		for n, load := range map[int]func(models.Relation, ...models.LoadOption) models.Loading{1: models.Joined, 4: models.SelectIn, -4: models.Subquery} {
			log.expect(t, max(n, -n), func() {
				got, err := models.One(ctx, db, models.From(sectionT).Where(models.Eq(&sectionT.Name, "0")).With(load(&sectionT.Children, models.Depth(3))))
				must(t, err)
				first := items(t, &got.Children)
				if len(first) != 2 || first[0].Name != "0.0" {
					t.Fatalf("%v", first)
				}
				deep := items(t, &items(t, &first[0].Children)[0].Children)
				if len(deep) != 1 || deep[0].Children.Loaded() {
					t.Errorf("%v", deep)
				}
			})
		}
		up, err := models.One(ctx, db, models.From(sectionT).Where(models.Eq(&sectionT.Name, "0.0.0.0")).With(models.Joined(&sectionT.Parent, models.Depth(2))))
		must(t, err)
		p := get1(t, get1(t, up.Parent.Get).Parent.Get)
		if p.Name != "0.0" {
			t.Errorf("%v", p)
		}
	})
}
