package models_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/models"
)

// Hull is the target of foreign keys that can not be NULL: one plain, one that is checked
// late, one to rows that can be marked as deleted.
type (
	Hull struct {
		models.Model
		Name string
	}
	Buoy struct {
		models.Model
		Sunk bool `db:",softdelete"`
	}
	Oar struct {
		models.Model
		HullID  int64                  `db:",fk=hulls.id"`
		SpareID int64                  `db:",fk=hulls.id,deferrable"`
		BuoyID  int64                  `db:",fk=buoys.id"`
		Hull    models.BelongsTo[Hull] `rel:"fk=HullID"`
		Spare   models.BelongsTo[Hull] `rel:"fk=SpareID"`
		Buoy    models.BelongsTo[Buoy]
	}
)

var (
	boats = models.NewRegistry()
	oarT  = models.RegisterIn[Oar](boats)
	_     = models.RegisterIn[Hull](boats)
)

var joinWords = regexp.MustCompile(`(LEFT )?JOIN "\w+"`)

// joinsIn are the joins of the statements that f sends, in short.
func joinsIn(log *echo, f func()) string {
	var out []string
	for _, sql := range log.statements(f) {
		out = append(out, strings.Join(joinWords.FindAllString(sql, -1), ", "))
	}
	return strings.ReplaceAll(strings.Join(out, "; "), `"`, "")
}

func TestHowJoinedRelationsAreJoined(t *testing.T) {
	handles(t, 3, 2, func(t *testing.T, h models.Handle, log *echo) {
		articles, marks := models.From(articleT), models.From(markT)
		a, err := models.First(t.Context(), h, articles.With(models.Joined(&articleT.Writer)))
		must(t, err)
		if w, err := a.Writer.Get(); err != nil || w.ID != a.WriterID {
			t.Errorf("%+v, %v", w, err)
		}
		for name, c := range map[string]struct {
			run  func() (int, error)
			want string
			rows int
		}{
			"a key that can not be NULL":           {length(t, h, articles.With(models.Joined(&articleT.Writer))), "JOIN writers", 6},
			"with a limit":                         {length(t, h, articles.Limit(2).With(models.Joined(&articleT.Writer))), "JOIN writers", 2},
			"two levels":                           {length(t, h, marks.With(models.Joined(&markT.Article, models.Joined(&articleT.Writer)))), "JOIN articles, JOIN writers", 6},
			"with a Filter":                        {length(t, h, articles.With(models.Joined(&articleT.Writer, models.Filter(models.Eq(&writerT.Name, "no"))))), "LEFT JOIN writers", 6},
			"below a LEFT JOIN":                    {length(t, h, marks.With(models.Joined(&markT.Article, models.OuterJoin(), models.Joined(&articleT.Writer)))), "LEFT JOIN articles, LEFT JOIN writers", 6},
			"a collection":                         {length(t, h, models.From(writerT).With(models.Joined(&writerT.Articles))), "LEFT JOIN articles", 3},
			"a collection, and below":              {length(t, h, models.From(writerT).With(models.Joined(&writerT.Articles, models.Joined(&articleT.Writer)))), "LEFT JOIN articles, LEFT JOIN writers", 3},
			"a key that can be NULL":               {length(t, h, models.From(sectionT).With(models.Joined(&sectionT.Parent))), "LEFT JOIN sections", 0},
			"one to one":                           {length(t, h, models.From(writerT).With(models.Joined(&writerT.Bio))), "LEFT JOIN bios", 3},
			"InnerJoin":                            {length(t, h, models.From(writerT).With(models.Joined(&writerT.Bio, models.InnerJoin()))), "JOIN bios", 3},
			"InnerJoin of an association":          {length(t, h, articles.With(models.Joined(&articleT.Labels, models.InnerJoin()))), "JOIN article_labels, JOIN labels", 6},
			"InnerJoin and Filter":                 {length(t, h, articles.With(models.Joined(&articleT.Writer, models.InnerJoin(), models.Filter(models.Eq(&writerT.ID, 2))))), "JOIN writers", 2},
			"InnerJoin of a collection and Filter": {length(t, h, models.From(writerT).With(models.Joined(&writerT.Articles, models.InnerJoin(), models.Filter(models.Eq(&articleT.WriterID, 3))))), "JOIN articles", 1},
			"InnerJoin below InnerJoin":            {length(t, h, models.From(writerT).With(models.Joined(&writerT.Articles, models.InnerJoin(), models.Joined(&articleT.Writer)))), "JOIN articles, JOIN writers", 3},
			"OuterJoin":                            {length(t, h, articles.With(models.Joined(&articleT.Writer, models.OuterJoin()))), "LEFT JOIN writers", 6},
			"below SelectIn":                       {length(t, h, models.From(writerT).With(models.SelectIn(&writerT.Articles, models.Joined(&articleT.Writer)))), "; JOIN writers", 3},
		} {
			got := joinsIn(log, func() {
				n, err := c.run()
				if err != nil || n != c.rows {
					t.Errorf("%s: %d objects, %v, want %d", name, n, err, c.rows)
				}
			})
			if got != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
	})
}

func length[T any](t *testing.T, h models.Handle, q models.Query[*T]) func() (int, error) {
	return func() (int, error) {
		xs, err := models.All(t.Context(), h, q)
		return len(xs), err
	}
}

// What the database may leave unanswered is joined by a LEFT JOIN.
func TestAKeyThatIsNotCertainIsJoinedByALeftJoin(t *testing.T) {
	both(t, boats, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		hull, buoy := &Hull{Name: "h"}, &Buoy{}
		must(t, models.Create(ctx, db, hull))
		must(t, models.Create(ctx, db, buoy))
		must(t, models.Create(ctx, db, &Oar{HullID: hull.ID, SpareID: hull.ID, BuoyID: buoy.ID}))
		s := models.NewSession(db, "test")
		defer s.Close()
		s.Add(buoy)
		s.Delete(buoy)
		must(t, s.Commit(ctx))
		if err := models.InTx(ctx, db, "test", models.TxOptions{}, func(ctx context.Context, s *models.Session) error {
			if err := exec(ctx, s, models.Update(oarT).Set(models.To(&oarT.SpareID, 77)).Where(models.Gt(&oarT.ID, 0))); err != nil {
				return err
			}
			os, err := models.All(ctx, s, models.From(oarT).With(models.Joined(&oarT.Hull), models.Joined(&oarT.Spare), models.Joined(&oarT.Buoy)))
			if err != nil || len(os) != 1 {
				t.Fatalf("%d oars, %v", len(os), err)
			}
			h, _ := os[0].Hull.Get()
			sp, _ := os[0].Spare.Get()
			b, _ := os[0].Buoy.Get()
			if h == nil || sp != nil || b != nil {
				t.Errorf("%v, %v, %v", h, sp, b)
			}
			return exec(ctx, s, models.Update(oarT).Set(models.To(&oarT.SpareID, hull.ID)).Where(models.Gt(&oarT.ID, 0)))
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestInnerJoinWhereItHasNoPlace(t *testing.T) {
	handles(t, 1, 1, func(t *testing.T, h models.Handle, _ *echo) {
		inner := models.InnerJoin()
		for text, run := range map[string]func() (int, error){
			"InnerJoin of Writer.Articles: only a Joined":    length(t, h, models.From(writerT).With(models.SelectIn(&writerT.Articles, inner))),
			"InnerJoin and OuterJoin of Writer.Bio":          length(t, h, models.From(writerT).With(models.Joined(&writerT.Bio, inner, models.OuterJoin()))),
			"Article.Labels is nested under Writer.Articles": length(t, h, models.From(writerT).With(models.Joined(&writerT.Articles, models.Joined(&articleT.Labels, inner)))),
			"InnerJoin of Article.Writer: what PerParent":    length(t, h, models.From(writerT).With(models.SelectIn(&writerT.Articles, models.PerParent(2), models.Joined(&articleT.Writer, inner)))),
			"InnerJoin of Writer.Articles: this query":       length(t, h, models.From(writerT).Distinct().OrderBy(models.Col(&writerT.ID).Plus(1).Asc()).With(models.Joined(&writerT.Articles, inner))),
		} {
			if _, err := run(); err == nil || !containsText(err, text) {
				t.Errorf("%v, want %q", err, text)
			}
		}
		if s, ok := h.(*models.Session); ok {
			if _, err := models.All(t.Context(), s, models.From(writerT).ForUpdate().With(models.Joined(&writerT.Bio, inner))); err == nil || !containsText(err, "InnerJoin of Writer.Bio: this query") {
				t.Error(err)
			}
		}
	})
}
