package models_test

import (
	"errors"
	"testing"

	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

// stored runs f with a database of its own.
func stored(t *testing.T, f func(t *testing.T, db *models.Engine, log *echo)) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, log := watched(t, url)
		f(t, db, log)
	})
}

func get1[T any](t *testing.T, f func() (*T, error)) *T {
	t.Helper()
	x, err := f()
	must(t, err)
	return x
}

func TestSeed62SavingAGraph(t *testing.T) {
	stored(t, func(t *testing.T, db *models.Engine, log *echo) {
		ctx := t.Context()
		ada := &Writer{Name: "ada", Bio: models.Single(&Bio{Text: "a life"})}
		ada.Articles.Add(&Article{Title: "one"}, &Article{Title: "two"})
		s := session(t, db)
		s.Add(ada)
		arts := items(t, &ada.Articles)
		if a := get1(t, arts[0].Writer.Get); a != ada {
			t.Errorf("the other side after Add: %v", a)
		}
		arts[1].Labels.Add(&Label{Name: "new"}, &Label{Name: "old"})
		// Two steps: the writer, then what refers to it; and one more for the labels of
		// articles, whose keys the database makes.
		sent := log.statements(func() { must(t, s.Commit(ctx)) })
		if len(sent) != 7 { // BEGIN, writers, labels, articles, bios, article_labels, COMMIT
			t.Errorf("%d statements: %q", len(sent), sent)
		}
		for _, x := range arts {
			if x.ID == 0 || x.WriterID != ada.ID {
				t.Errorf("article %+v", x)
			}
		}
		if b := get1(t, ada.Bio.Get); b.WriterID == nil || *b.WriterID != ada.ID {
			t.Errorf("bio %+v", b)
		}
		got, err := models.One(ctx, db, models.From(writerT).With(models.SelectIn(&writerT.Articles, models.SelectIn(&articleT.Labels)), models.SelectIn(&writerT.Bio)))
		must(t, err)
		if xs := items(t, &got.Articles); len(xs) != 2 || xs[0].Title != "two" || len(items(t, &xs[0].Labels)) != 2 || len(items(t, &xs[1].Labels)) != 0 {
			t.Errorf("stored %+v", xs)
		}
		if b := get1(t, got.Bio.Get); b == nil || b.Text != "a life" {
			t.Errorf("stored %+v", b)
		}
		// Nothing is left to do.
		if sent := log.statements(func() { must(t, s.Commit(ctx)) }); len(sent) != 0 {
			t.Errorf("sent again: %q", sent)
		}
	})
}

func TestSeed67LinkedInsert(t *testing.T) {
	stored(t, func(t *testing.T, db *models.Engine, log *echo) {
		ctx := t.Context()
		before := session(t, db)
		ada := &Writer{Name: "ada"}
		art := &Article{Title: "one", Writer: models.Ref(ada)}
		before.Add(art)
		must(t, before.Commit(ctx))
		before.Close()

		s := session(t, db)
		mark := &Mark{Message: "bad", Article: models.Ref(art), Writer: models.Ref(ada)}
		s.Add(mark)
		log.expect(t, 1, func() { must(t, s.Commit(ctx)) })
		if mark.ArticleID != art.ID || mark.WriterID != ada.ID || mark.ID == 0 {
			t.Errorf("%+v", mark)
		}
		s.Close()

		// Objects of the database handle lend their keys too.
		a2, err := models.Get[Writer](ctx, db, ada.ID)
		must(t, err)
		s = session(t, db)
		m2 := &Mark{Message: "worse", Article: models.Ref(art), Writer: models.Ref(a2)}
		s.Add(m2)
		log.expect(t, 1, func() { must(t, s.Commit(ctx)) })
		if m2.WriterID != ada.ID {
			t.Errorf("%+v", m2)
		}
	})
}

func TestForeignKeyAndRelation(t *testing.T) {
	stored(t, func(t *testing.T, db *models.Engine, log *echo) {
		ctx := t.Context()
		s := session(t, db)
		ada, bob := &Writer{Name: "ada"}, &Writer{Name: "bob"}
		art := &Article{Title: "one"}
		ada.Articles.Add(art)
		s.Add(ada, bob)
		must(t, s.Commit(ctx))

		art.Writer.Set(bob) // the relation changes, the key follows
		if xs := items(t, &ada.Articles); len(xs) != 0 {
			t.Errorf("the old side has %v", xs)
		}
		if xs := items(t, &bob.Articles); len(xs) != 1 || xs[0] != art {
			t.Errorf("the new side has %v", xs)
		}
		must(t, s.Commit(ctx))
		if art.WriterID != bob.ID {
			t.Errorf("key %d", art.WriterID)
		}
		art.WriterID = ada.ID // the key changes, the relation follows
		must(t, s.Commit(ctx))
		if a, err := art.Writer.Load(ctx); a != ada || err != nil {
			t.Errorf("%v, %v", a, err)
		}
		art.WriterID = bob.ID
		art.Writer.Set(&Writer{Name: "cyd"})
		err := s.Commit(ctx)
		if err == nil || !containsText(err, "Article.WriterID and Article.Writer") && !containsText(err, "Article.WriterID and Writer.Articles") {
			t.Errorf("both changed: %v", err)
		}
		must(t, s.Rollback(ctx))
		must(t, s.Commit(ctx))
		if n := count(t, db, writerT); n != 2 {
			t.Errorf("%d writers", n)
		}
		bad := &Article{Title: "x", WriterID: ada.ID, Writer: models.Ref(bob)}
		s.Add(bad)
		if err := s.Flush(ctx); err == nil || !containsText(err, "Article.WriterID and") {
			t.Errorf("both given: %v", err)
		}
	})
}

func TestSelfReferenceAndCircles(t *testing.T) {
	stored(t, func(t *testing.T, db *models.Engine, log *echo) {
		ctx := t.Context()
		root := &Section{Name: "root"}
		for _, n := range []string{"a", "b"} {
			kid := &Section{Name: n}
			kid.Children.Add(&Section{Name: n + "1"}, &Section{Name: n + "2"})
			root.Children.Add(kid)
		}
		s := session(t, db)
		s.Add(root)
		must(t, s.Commit(ctx))
		var all []*Section
		all, err := models.All(ctx, db, models.From(sectionT).OrderBy(models.Asc(&sectionT.ID)))
		must(t, err)
		parents := map[int64]string{}
		for _, x := range all {
			parents[x.ID] = x.Name
			if x.ParentID == nil {
				if x.Name != "root" {
					t.Errorf("%s has no parent", x.Name)
				}
			} else if p := parents[*x.ParentID]; len(p) != 4 && p != x.Name[:1] {
				t.Errorf("parent of %s is %s", x.Name, p)
			}
		}
		if len(all) != 7 {
			t.Errorf("%d sections", len(all))
		}
		// A circle is parted at a key that can be NULL, and closed again.
		x, y := &Section{Name: "x"}, &Section{Name: "y"}
		x.Parent.Set(y)
		y.Parent.Set(x)
		self := &Section{Name: "self"}
		self.Parent.Set(self)
		s.Add(x, self)
		must(t, s.Commit(ctx))
		for _, c := range []*Section{x, y, self} {
			got, err := models.Get[Section](ctx, db, c.ID)
			must(t, err)
			want := map[string]int64{"x": y.ID, "y": x.ID, "self": self.ID}[c.Name]
			if got.ParentID == nil || *got.ParentID != want || c.ParentID == nil || *c.ParentID != want {
				t.Errorf("%s: parent %v, stored %v, want %d", c.Name, c.ParentID, got.ParentID, want)
			}
		}
		if sent := log.statements(func() { must(t, s.Commit(ctx)) }); len(sent) != 0 {
			t.Errorf("sent again: %q", sent)
		}
	})
}

func TestSeed65ManyToMany(t *testing.T) {
	stored(t, func(t *testing.T, db *models.Engine, log *echo) {
		ctx := t.Context()
		s := session(t, db)
		ada := &Writer{Name: "ada"}
		one, two := &Article{Title: "one"}, &Article{Title: "two"}
		ada.Articles.Add(one, two)
		fresh, old := &Label{Name: "new"}, &Label{Name: "old"}
		one.Labels.Add(fresh, old)
		fresh.Articles.Add(two)
		fresh.Articles.Add(one) // told from both sides, stored once
		s.Add(ada, fresh)
		if xs := items(t, &two.Labels); len(xs) != 1 || xs[0] != fresh {
			t.Errorf("the other side: %v", xs)
		}
		must(t, s.Commit(ctx))
		if n := count(t, db, articleLabelT); n != 3 {
			t.Errorf("%d rows of the association", n)
		}
		one.Labels.Remove(fresh)
		if xs := items(t, &fresh.Articles); len(xs) != 1 || xs[0] != two {
			t.Errorf("the other side: %v", xs)
		}
		two.Labels.Add(old)
		must(t, s.Commit(ctx))
		got, err := models.All(ctx, db, models.From(articleLabelT).OrderBy(models.Asc(&articleLabelT.ArticleID), models.Asc(&articleLabelT.LabelName)))
		must(t, err)
		if len(got) != 3 || got[0].LabelName != "old" || got[1].LabelName != "new" || got[2].LabelName != "old" {
			t.Errorf("%+v", got)
		}
		// Deleting one side takes its rows of the association along.
		s.Delete(old)
		must(t, s.Commit(ctx))
		if n := count(t, db, articleLabelT); n != 1 {
			t.Errorf("%d rows of the association", n)
		}
	})
}

func TestOrphansAndCascades(t *testing.T) {
	stored(t, func(t *testing.T, db *models.Engine, log *echo) {
		ctx := t.Context()
		s := session(t, db)
		ada, bob := &Writer{Name: "ada"}, &Writer{Name: "bob"}
		one, two, three := &Article{Title: "one"}, &Article{Title: "two"}, &Article{Title: "three"}
		ada.Articles.Add(one, two, three)
		one.Labels.Add(&Label{Name: "new"})
		three.Marks.Add(&Mark{Message: "m", Writer: models.Ref(bob)})
		ada.Bio.Set(&Bio{Text: "b"})
		s.Add(ada, bob)
		must(t, s.Commit(ctx))
		ada.Articles.Remove(one, two)
		bob.Articles.Add(two) // moved, no orphan
		must(t, s.Commit(ctx))
		if n := count(t, db, articleT); n != 2 || two.WriterID != bob.ID {
			t.Errorf("%d articles, two belongs to %d", n, two.WriterID)
		}
		// A relation that does not cascade lets go: the key becomes NULL.
		bio := get1(t, ada.Bio.Get)
		ada.Bio.Clear()
		must(t, s.Commit(ctx))
		if got, err := models.Get[Bio](ctx, db, bio.ID); err != nil || got.WriterID != nil {
			t.Errorf("%+v, %v", got, err)
		}
		// What can not be NULL says what to do.
		m := items(t, &three.Marks)[0]
		bob.Marks.Remove(m)
		if err := s.Flush(ctx); err == nil || !containsText(err, "Mark.WriterID can not be NULL") {
			t.Errorf("%v", err)
		}
		must(t, s.Rollback(ctx))
		// Deleting the writer deletes the article, and with it what belongs to that.
		s.Delete(ada)
		must(t, s.Commit(ctx))
		if a, l, k := count(t, db, articleT), count(t, db, articleLabelT), count(t, db, markT); a != 1 || l != 0 || k != 0 {
			t.Errorf("%d articles, %d labels, %d marks", a, l, k)
		}
		if _, err := models.Get[Article](ctx, s, three.ID); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("the session still knows what was deleted along: %v", err)
		}
	})
}

func TestFailedFlushKeepsRelations(t *testing.T) {
	stored(t, func(t *testing.T, db *models.Engine, log *echo) {
		ctx := t.Context()
		s := session(t, db)
		ada := &Writer{Name: "ada"}
		lab := &Label{Name: "taken"}
		s.Add(ada, lab)
		must(t, s.Commit(ctx))
		art := &Article{Title: "one"}
		bad := &Label{Name: "taken"}
		art.Labels.Add(bad)
		ada.Articles.Add(art)
		for range 2 {
			if err := s.Commit(ctx); err == nil {
				t.Fatal("a key that is taken was inserted")
			}
			if art.ID != 0 || art.WriterID != 0 {
				t.Errorf("keys were not taken back: %+v", art)
			}
		}
		bad.Name = "free"
		must(t, s.Commit(ctx))
		if art.WriterID != ada.ID || count(t, db, articleLabelT) != 1 {
			t.Errorf("%+v", art)
		}
		// Rollback: strangers keep what was put into them, loaded objects do not.
		ada2 := &Writer{Name: "ada2"}
		kid := &Article{Title: "kid"}
		ada2.Articles.Add(kid)
		gone := &Article{Title: "gone"}
		ada.Articles.Add(gone)
		s.Add(ada2)
		must(t, s.Flush(ctx))
		must(t, s.Rollback(ctx))
		if kid.WriterID != 0 || ada2.ID != 0 {
			t.Errorf("%+v", kid)
		}
		if xs := items(t, &ada.Articles); len(xs) != 1 || xs[0] != art {
			t.Errorf("after rollback: %v", xs)
		}
		s.Add(ada2)
		must(t, s.Commit(ctx))
		if kid.WriterID != ada2.ID || kid.ID == 0 || count(t, db, articleT) != 2 {
			t.Errorf("%+v, %d articles", kid, count(t, db, articleT))
		}
	})
}

// A new parent's key is known one step after the parent is inserted: the change that
// refers to it has to wait for that.
func TestMoveToANewParent(t *testing.T) {
	r := models.NewRegistry()
	models.RegisterIn[Box](r)
	toyT := models.RegisterIn[Toy](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		toy := &Toy{Name: "toy"}
		s.Add(toy)
		must(t, s.Commit(ctx))
		toy.Box.Set(&Box{Name: "new"})
		must(t, s.Commit(ctx))
		got, err := models.One(ctx, db, models.From(toyT))
		must(t, err)
		if got.BoxID == nil || toy.BoxID == nil || *got.BoxID != *toy.BoxID {
			t.Errorf("the row has %v, the object %v", got.BoxID, toy.BoxID)
		}
	})
}
