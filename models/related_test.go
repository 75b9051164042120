package models_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

// writerNames reads the names of writers in their order.
func writerNames(t *testing.T, h models.Handle, q models.Query[*Writer]) string {
	t.Helper()
	ws, err := models.All(t.Context(), h, q.OrderBy(models.Asc(&writerT.ID)))
	must(t, err)
	var out []string
	for _, w := range ws {
		out = append(out, strings.TrimPrefix(w.Name, "author "))
	}
	return strings.Join(out, " ")
}

func TestHasAndHasNone(t *testing.T) {
	handles(t, 4, 3, func(t *testing.T, h models.Handle, log *echo) {
		ctx := t.Context()
		_, err := models.Exec(ctx, h, models.Delete(markT).Where(models.Eq(&markT.WriterID, 1)))
		must(t, err)
		all := models.From(writerT)
		labelT := models.RegisterIn[Label](graph)
		for i, c := range []struct {
			cond models.Cond
			want string
		}{
			{models.Has(&writerT.Marks), "1 2 3"},
			{models.HasNone(&writerT.Marks), "0"},
			{models.Has(&writerT.Articles, models.HasSuffix(&articleT.Title, "2, 1")), "2"},
			{models.HasNone(&writerT.Articles, models.HasSuffix(&articleT.Title, "2, 1")), "0 1 3"},
			{models.Has(&writerT.Articles, models.Has(&articleT.Labels, models.Eq(&labelT.Name, "new")), models.Ge(&articleT.WriterID, 3)), "2 3"},
			{models.HasNone(&writerT.Articles, models.Has(&articleT.Labels, models.Eq(&labelT.Name, "rare"))), "0 1 2 3"},
			// To a table around it again: the articles of a writer that another marked.
			{models.Has(&writerT.Articles, models.Has(&articleT.Marks, models.Has(&markT.Writer, models.Eq(&writerT.Name, "author 3")))), "2"},
			{models.And(models.Has(&writerT.Bio), models.Not(models.Has(&writerT.Articles, models.Lt(&articleT.WriterID, 4)))), "3"},
		} {
			if got := writerNames(t, h, all.Where(c.cond)); got != c.want {
				t.Errorf("case %d: %s, want %s", i, got, c.want)
			}
		}
		other := models.Alias(writerT, "other")
		q := models.From(other).Where(models.Has(&other.Articles, models.Eq(&articleT.WriterID, 2)))
		if n, err := models.Count(ctx, h, q); n != 1 || err != nil {
			t.Errorf("of an alias: %d, %v", n, err)
		}
	})
}

func TestHasOfARelationToItsOwnTable(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, _ := watched(t, url)
		ctx := t.Context()
		s := session(t, db)
		s.Add(&Section{Name: "a", Children: models.Many(&Section{Name: "b", Children: models.Many(&Section{Name: "c"})}, &Section{Name: "d"})})
		must(t, s.Commit(ctx))
		for _, c := range []struct {
			cond models.Cond
			want string
		}{
			{models.Has(&sectionT.Children, models.Eq(&sectionT.Name, "b")), "[a]"},
			{models.Has(&sectionT.Parent, models.Eq(&sectionT.Name, "a")), "[b d]"},
			{models.Has(&sectionT.Children, models.Has(&sectionT.Children, models.Eq(&sectionT.Name, "c"))), "[a]"},
			{models.HasNone(&sectionT.Children), "[c d]"},
			{models.Counted(&sectionT.Children).Eq(2), "[a]"},
		} {
			got, err := models.All(ctx, db, models.Select1(models.Col(&sectionT.Name)).Where(c.cond).OrderBy(models.Asc(&sectionT.Name)))
			if fmt.Sprint(got) != c.want || err != nil {
				t.Errorf("%v, want %s; %v", got, c.want, err)
			}
		}
	})
}

func TestCounted(t *testing.T) {
	handles(t, 3, 4, func(t *testing.T, h models.Handle, log *echo) {
		ctx := t.Context()
		_, err := models.Exec(ctx, h, models.Delete(articleLabelT).Where(models.Gt(&articleLabelT.ArticleID, 6)))
		must(t, err)
		log.expect(t, 1, func() {
			rows, err := models.All(ctx, h, models.Select3(models.Col(&writerT.ID), models.Counted(&writerT.Articles),
				models.Counted(&writerT.Articles, models.Has(&articleT.Labels))).OrderBy(models.Asc(&writerT.ID)))
			if fmt.Sprint(rows) != "[{1 4 4} {2 4 2} {3 4 0}]" || err != nil {
				t.Errorf("%v, %v", rows, err)
			}
		})
		n := models.Counted(&articleT.Labels)
		rows, err := models.All(ctx, h, models.Select2(models.Col(&articleT.ID), n).Where(n.Gt(0)).OrderBy(n.Desc(), models.Desc(&articleT.ID)).Limit(2))
		if fmt.Sprint(rows) != "[{6 2} {5 2}]" || err != nil {
			t.Errorf("%v, %v", rows, err)
		}
		byCount := models.From(writerT).OrderBy(models.Counted(&writerT.Articles, models.Has(&articleT.Labels)).Asc()).Limit(2).
			With(models.Joined(&writerT.Articles))
		ws, err := models.All(ctx, h, byCount)
		if err != nil || len(ws) != 2 || ws[0].ID != 3 || ws[1].ID != 2 {
			t.Errorf("%v, %v", ws, err)
		}
		only, err := models.All(ctx, h, models.Select1(models.Counted(&writerT.Articles)))
		if fmt.Sprint(only) != "[4 4 4]" || err != nil {
			t.Errorf("%v, %v", only, err)
		}
	})
}

func TestSeed54JoinByRelationAndByKey(t *testing.T) {
	handles(t, 3, 2, func(t *testing.T, h models.Handle, log *echo) {
		ctx := t.Context()
		labelT := models.RegisterIn[Label](graph)
		texts := func(q models.Query[string]) string {
			t.Helper()
			got, err := models.All(ctx, h, q)
			must(t, err)
			return strings.Join(got, " ")
		}
		name := models.Select1(models.Col(&writerT.Name)).OrderBy(models.Asc(&writerT.Name)).Distinct()
		for _, q := range []models.Query[string]{
			name.Join(articleT).Where(models.Eq(&articleT.ID, 3)),
			name.Join(&writerT.Articles).Where(models.Eq(&articleT.ID, 3)),
			name.Join(&writerT.Articles, models.Eq(&articleT.ID, 3)),
			name.Join(&writerT.Articles).Join(&articleT.Labels).Where(models.Eq(&labelT.Name, "old"), models.Eq(&articleT.WriterID, 2)),
			name.LeftJoin(&writerT.Articles, models.Lt(&articleT.ID, 5)).Where(models.Eq(&articleT.ID, 4)),
		} {
			if got := texts(q); got != "author 1" {
				t.Errorf("%s", got)
			}
		}
		if got := texts(name.LeftJoin(&writerT.Articles, models.Lt(&articleT.ID, 3))); got != "author 0 author 1 author 2" {
			t.Errorf("%s", got)
		}
		for _, c := range []struct {
			q    models.Query[*Mark]
			want []string
		}{
			{models.From(markT).Join(writerT).Join(articleT), []string{"several foreign keys fit", "marks.article_id → articles", "articles.writer_id → writers"}},
			{models.From(markT).Join(sectionT), []string{"no foreign key between it and marks", "sections"}},
			{models.From(markT).Join(&articleT.Labels), []string{"articles is not in the query"}},
		} {
			_, err := models.All(ctx, h, c.q)
			for _, want := range c.want {
				if err == nil || !containsText(err, want) {
					t.Errorf("%v, want %q", err, want)
				}
			}
		}
		boss := models.Alias(sectionT, "boss")
		_, err := models.Exec(ctx, h, models.Delete(sectionT).Everywhere())
		must(t, err)
		must(t, models.Create(ctx, h, &Section{Name: "top", Children: models.Many[Section]()}))
		top, err := models.First(ctx, h, models.From(sectionT))
		must(t, err)
		must(t, models.Create(ctx, h, &Section{Name: "below", ParentID: &top.ID}))
		got, err := models.All(ctx, h, models.Select2(models.Col(&sectionT.Name), models.Col(&boss.Name)).Join(boss, models.Along(&sectionT.Parent, boss)))
		if fmt.Sprint(got) != "[{below top}]" || err != nil {
			t.Errorf("%v, %v", got, err)
		}
		if _, err := models.All(ctx, h, models.From(sectionT).Join(&sectionT.Parent)); err == nil || !containsText(err, "Section.Parent leads to its own table: join an alias") {
			t.Errorf("%v", err)
		}
	})
}

func TestFromJoin(t *testing.T) {
	handles(t, 3, 4, func(t *testing.T, h models.Handle, log *echo) {
		ctx := t.Context()
		q := models.From(writerT).Join(&writerT.Articles).Where(models.Ge(&articleT.Views, 2)).OrderBy(models.Asc(&writerT.ID), models.Asc(&articleT.Views))
		log.expect(t, 1, func() {
			ws, err := models.All(ctx, h, q.With(models.FromJoin(&writerT.Articles), models.Joined(&writerT.Bio)))
			if err != nil || len(ws) != 3 {
				t.Fatalf("%v, %v", ws, err)
			}
			for _, w := range ws {
				as := items(t, &w.Articles)
				if len(as) != 2 || as[0].Views != 2 || as[1].Views != 3 || get1(t, as[0].Writer.Get) != w || get1(t, w.Bio.Get) == nil {
					t.Errorf("%v", as)
				}
			}
		})
	})
	handles(t, 3, 4, func(t *testing.T, h models.Handle, log *echo) {
		ctx := t.Context()
		q := models.From(writerT).Join(&writerT.Articles).Where(models.Ge(&articleT.Views, 2)).OrderBy(models.Asc(&writerT.ID), models.Asc(&articleT.Views))
		log.expect(t, 2, func() { // Limit counts rows, so what is joined beside goes its own way
			ws, err := models.All(ctx, h, q.Limit(3).With(models.FromJoin(&writerT.Articles), models.Joined(&writerT.Marks)))
			if err != nil || len(ws) != 2 || len(items(t, &ws[0].Articles)) != 2 || len(items(t, &ws[1].Articles)) != 1 || len(items(t, &ws[0].Marks)) != 4 {
				t.Errorf("%v, %v", ws, err)
			}
		})
	})
	handles(t, 3, 4, func(t *testing.T, h models.Handle, log *echo) {
		ctx := t.Context()
		labelT := models.RegisterIn[Label](graph)
		log.expect(t, 1, func() {
			ws, err := models.All(ctx, h, models.From(writerT).Join(&writerT.Articles).Join(&articleT.Labels).Where(models.Eq(&labelT.Name, "old")).
				With(models.FromJoin(&writerT.Articles, models.FromJoin(&articleT.Labels))))
			must(t, err)
			for _, w := range ws {
				if as := items(t, &w.Articles); len(as) != 4 || len(items(t, &as[0].Labels)) != 1 {
					t.Errorf("%v", as)
				}
			}
		})
		mine := models.Alias(articleT, "mine")
		a, err := models.All(ctx, h, models.From(articleT).Join(writerT).Join(mine, models.Along(&writerT.Articles, mine)).
			With(models.FromJoin(&articleT.Writer, models.FromJoin(&writerT.Articles, models.Aliased(mine)))))
		if err != nil || len(a) != 12 || len(items(t, &get1(t, a[0].Writer.Get).Articles)) != 4 {
			t.Errorf("%d, %v", len(a), err)
		}
		for _, c := range []struct {
			l    models.Loading
			want string
		}{
			{models.FromJoin(&writerT.Articles), "the query does not join articles"},
			{models.SelectIn(&writerT.Articles, models.FromJoin(&articleT.Labels)), "FromJoin of Article.Labels is nested under Writer.Articles"},
			{models.FromJoin(&writerT.Articles, models.Filter(models.Eq(&articleT.ID, 1))), "filter the query"},
			{models.SelectIn(&writerT.Articles, models.Aliased(mine)), "Aliased is for FromJoin"},
		} {
			if _, err := models.All(ctx, h, models.From(writerT).With(c.l)); err == nil || !containsText(err, c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		}
	})
}

func TestLoadOnlyAndDefer(t *testing.T) {
	handles(t, 2, 2, func(t *testing.T, h models.Handle, log *echo) {
		ctx := t.Context()
		for _, q := range []models.Query[*Article]{
			models.From(articleT).LoadOnly(&articleT.Views), models.From(articleT).Defer(&articleT.Title, &articleT.ID),
		} {
			as, err := models.All(ctx, h, q.OrderBy(models.Asc(&articleT.ID)).Limit(2).With(models.Joined(&articleT.Labels), models.SelectIn(&articleT.Writer, models.Defer(&writerT.Name))))
			if err != nil || len(as) != 2 || as[1].ID != 2 || as[1].Title != "" || as[1].Views != 1 || as[1].WriterID != 1 || len(items(t, &as[1].Labels)) != 2 {
				t.Fatalf("%+v, %v", as, err)
			}
			if w := get1(t, as[1].Writer.Get); w.ID != 1 || w.Name != "" || w.Created.IsZero() {
				t.Errorf("%+v", w)
			}
		}
	})
	testdb.Both(t, func(t *testing.T, url string) {
		db, log := watched(t, url)
		shelves(t, db, 2, 2)
		ctx := t.Context()
		title := func(id int64) string {
			a, err := models.Get[Article](ctx, db, id)
			must(t, err)
			return a.Title
		}
		q := models.From(articleT).LoadOnly(&articleT.Views).OrderBy(models.Asc(&articleT.ID))
		s := session(t, db)
		as, err := models.All(ctx, s, q)
		must(t, err)
		as[0].Views, as[1].Title = 99, "given"
		sent := log.statements(func() { must(t, s.Commit(ctx)) })
		for _, sql := range sent {
			if strings.HasPrefix(sql, "UPDATE") && strings.Contains(sql, `"title"`) && strings.Contains(sql, `"views"`) {
				t.Errorf("%s", sql)
			}
		}
		if title(as[0].ID) != "author 0, 0" || title(as[1].ID) != "given" {
			t.Errorf("stored %q and %q", title(as[0].ID), title(as[1].ID))
		}
		// Expired by the commit: a read of some columns fills just those, one of all the rest.
		_, err = models.Exec(ctx, db, models.Update(articleT).Set(models.To(&articleT.Views, 7), models.To(&articleT.Title, "new")).Where(models.Eq(&articleT.ID, as[0].ID)))
		must(t, err)
		_, err = models.All(ctx, s, q)
		must(t, err)
		if as[0].Views != 7 || as[0].Title != "" {
			t.Errorf("%+v", as[0])
		}
		if a, err := models.Get[Article](ctx, s, as[0].ID); err != nil || a != as[0] || a.Title != "new" {
			t.Errorf("%+v, %v", a, err)
		}
		must(t, s.Commit(ctx))
		s.Close()

		// Read by the database handle, changed in a session.
		as, err = models.All(ctx, db, q)
		must(t, err)
		s = session(t, db)
		s.Add(as[0])
		as[0].Views = 8
		must(t, s.Commit(ctx))
		if title(as[0].ID) != "new" {
			t.Errorf("a flush wrote %q over what was not loaded", title(as[0].ID))
		}
		must(t, s.Refresh(ctx, as[0]))
		if as[0].Title != "new" || as[0].Views != 8 {
			t.Errorf("refreshed: %+v", as[0])
		}
		s.Close()
		for a, err := range models.Each(ctx, db, q.Chunk(1)) {
			if err != nil || a.Title != "" {
				t.Errorf("%+v, %v", a, err)
			}
		}
		for _, c := range []struct {
			err  error
			want string
		}{
			{second(models.All(ctx, db, models.From(articleT).LoadOnly(&writerT.Name))), "Writer.Name is no column of Article"},
			{second(models.All(ctx, db, models.From(articleT).LoadOnly())), "LoadOnly without columns"},
			{second(models.All(ctx, db, models.From(articleLabelT).Defer(&articleLabelT.Weight))), "ArticleLabel can not remember"},
			{second(models.All(ctx, db, models.Select1(models.Col(&writerT.Name)).Defer(&writerT.Name))), "only objects have columns"},
			{second(models.All(ctx, db, models.Union(models.From(articleT), q))), "does not have the columns of the first"},
			{eachError(models.Each(ctx, db, models.From(articleT).LoadOnly(&articleT.Views).OrderBy(models.Asc(&articleT.Title)))), "it needs Article.Title"},
		} {
			if c.err == nil || !containsText(c.err, c.want) {
				t.Errorf("%v, want %q", c.err, c.want)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func eachError[T any](seq func(func(T, error) bool)) (out error) {
	for _, err := range seq {
		out = err
	}
	return out
}

// A collection changes without being loaded, however big it is.
func TestBigCollectionsNeedNoLoading(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, log := watched(t, url)
		shelves(t, db, 2, 3)
		ctx := t.Context()
		s := session(t, db)
		w, err := models.Get[Writer](ctx, s, 1)
		must(t, err)
		gone, err := models.Get[Article](ctx, s, 4) // of the other writer
		must(t, err)
		label, err := models.Get[Label](ctx, s, "new")
		must(t, err)
		rare, err := models.Get[Label](ctx, s, "rare")
		must(t, err)
		for _, sql := range log.statements(func() {
			w.Articles.Add(&Article{Title: "more"}, gone)
			gone.Labels.Remove(label)
			gone.Labels.Add(rare)
			must(t, s.Flush(ctx))
		}) {
			if strings.HasPrefix(sql, "SELECT") {
				t.Errorf("it loaded: %s", sql)
			}
		}
		if w.Articles.Loaded() {
			t.Error("it counts as loaded")
		}
		must(t, s.Commit(ctx))
		n, err := models.Count(ctx, db, models.From(articleT).Where(models.Eq(&articleT.WriterID, 1)))
		if n != 5 || err != nil {
			t.Errorf("%d articles, %v", n, err)
		}
		if xs, err := gone.Labels.Load(ctx); err != nil || len(xs) != 2 || xs[0].Name != "old" || xs[1] != rare {
			t.Errorf("%v, %v", xs, err)
		}
	})
}

func TestManyToManyAddRemoveSetClear(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, _ := watched(t, url)
		shelves(t, db, 1, 2)
		ctx := t.Context()
		s := session(t, db)
		as, err := models.All(ctx, s, models.From(articleT).OrderBy(models.Asc(&articleT.ID)).With(models.SelectIn(&articleT.Labels)))
		must(t, err)
		labels, err := models.All(ctx, s, models.From(models.RegisterIn[Label](graph)).OrderBy(models.Asc(&models.RegisterIn[Label](graph).Name)))
		must(t, err)
		stored := func() string {
			t.Helper()
			must(t, s.Commit(ctx))
			rows, err := models.All(ctx, db, models.Select1(models.Col(&articleLabelT.LabelName)).Where(models.Eq(&articleLabelT.ArticleID, as[0].ID)).OrderBy(models.Asc(&articleLabelT.LabelName)))
			must(t, err)
			return strings.Join(rows, " ")
		}
		must(t, as[0].Labels.Set(labels[1], labels[2], &Label{Name: "x"}))
		if got := stored(); got != "old rare x" {
			t.Errorf("after Set: %s", got)
		}
		as[0].Labels.Remove(labels[1])
		as[0].Labels.Add(labels[0], labels[0])
		if got := stored(); got != "new rare x" {
			t.Errorf("after Remove and Add: %s", got)
		}
		labels[0].Articles.Remove(as[0]) // by the other side
		if got := stored(); got != "rare x" {
			t.Errorf("after the other side's Remove: %s", got)
		}
		must(t, as[0].Labels.Clear())
		if got := stored(); got != "" {
			t.Errorf("after Clear: %s", got)
		}
		fresh, err := models.First(ctx, session(t, db), models.From(articleT))
		must(t, err)
		if err := fresh.Labels.Set(); !errors.Is(err, models.ErrNotLoaded) {
			t.Errorf("Set of what is not loaded: %v", err)
		}
		// An association with columns of its own is an object as well.
		must(t, models.Create(ctx, s, &ArticleLabel{ArticleID: as[0].ID, LabelName: "new", Weight: 7}))
		al, err := models.Get[ArticleLabel](ctx, s, models.Key{as[0].ID, "new"})
		must(t, err)
		al.Weight = 8
		must(t, s.Commit(ctx))
		n, err := models.Count(ctx, db, models.From(articleLabelT).Where(models.Eq(&articleLabelT.Weight, 8)))
		if n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}

type (
	viewTop struct {
		models.Model
		Kids   models.HasMany[viewKid] `rel:"fk=TopID"`
		Recent models.HasMany[viewKid] `rel:"fk=TopID,order=-ID,viewonly"`
	}
	viewKid struct {
		models.Model
		TopID int64 `db:",fk=view_tops.id"`
	}
	viewBack struct {
		models.Model
		Kids models.HasMany[viewKid] `rel:"fk=TopID,viewonly,cascade=delete"`
	}
)

func TestViewOnly(t *testing.T) {
	r := models.NewRegistry()
	top := models.RegisterIn[viewTop](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		x := &viewTop{}
		x.Kids.Add(&viewKid{}, &viewKid{})
		s.Add(x)
		must(t, s.Commit(ctx))
		if xs, err := x.Recent.Load(ctx); err != nil || len(xs) != 2 || xs[0].ID < xs[1].ID {
			t.Errorf("%v, %v", xs, err)
		}
		x.Recent.Add(&viewKid{})
		if err := s.Commit(ctx); err == nil || !containsText(err, "viewTop.Recent is viewonly and was changed") {
			t.Errorf("%v", err)
		}
		_ = top
	})
	if _, msg := mistake[viewBack](); !strings.Contains(msg, "a viewonly relation changes nothing") {
		t.Errorf("%q", msg)
	}
}
