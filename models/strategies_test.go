package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
	"pgregory.net/rapid"
)

// shelf is what the tables hold, for a reference that knows nothing of loading.
type shelf struct {
	writers  []*Writer
	articles []*Article
	labels   []*ArticleLabel
	marks    []*Mark
	bios     []*Bio
	sections []*Section
}

// A branch is a relation to load and what to load below it.
type branch struct {
	rel   string
	how   func(models.Relation, ...models.LoadOption) models.Loading
	depth int // levels of a relation to its own table
	kids  []branch
}

// below are the branches that start at what a branch leads to.
func (b branch) below() []branch {
	if b.depth <= 1 {
		return b.kids
	}
	again := b
	again.depth--
	return append(slices.Clone(b.kids), again)
}

// limits are those of a relation, wherever it is loaded: in a session one object can not
// have two answers.
type limits struct {
	views int // of articles: at least so many
	most  int // marks of an article, by one statement each
}

var relationsOf = map[string][]string{
	"Writer": {"Articles", "Bio", "Marks"}, "Article": {"Writer", "Labels", "Marks"}, "Mark": {"Article", "Writer"}, "Section": {"Parent", "Children"},
}

var leadsTo = map[string]string{
	"Writer.Articles": "Article", "Writer.Bio": "Bio", "Writer.Marks": "Mark", "Article.Writer": "Writer",
	"Article.Labels": "Label", "Article.Marks": "Mark", "Mark.Article": "Article", "Mark.Writer": "Writer",
	"Section.Parent": "Section", "Section.Children": "Section",
}

func field(kind, rel string) models.Relation {
	return map[string]models.Relation{
		"Writer.Articles": &writerT.Articles, "Writer.Bio": &writerT.Bio, "Writer.Marks": &writerT.Marks,
		"Article.Writer": &articleT.Writer, "Article.Labels": &articleT.Labels, "Article.Marks": &articleT.Marks,
		"Mark.Article": &markT.Article, "Mark.Writer": &markT.Writer,
		"Section.Parent": &sectionT.Parent, "Section.Children": &sectionT.Children,
	}[kind+"."+rel]
}

// loadings are the options for branches below a kind of object.
func loadings(kind string, bs []branch, l limits) (out []models.Loading) {
	for _, b := range bs {
		var opts []models.LoadOption
		for _, k := range loadings(leadsTo[kind+"."+b.rel], b.kids, l) {
			opts = append(opts, k)
		}
		if b.depth > 0 {
			opts = append(opts, models.Depth(b.depth))
		}
		how := b.how
		switch kind + "." + b.rel {
		case "Writer.Articles":
			opts = append(opts, models.Filter(models.Ge(&articleT.Views, l.views)))
		case "Article.Marks":
			if l.most > 0 {
				how = models.SelectIn
				opts = append(opts, models.PerParent(l.most))
			}
		}
		out = append(out, how(field(kind, b.rel), opts...))
	}
	return out
}

// related is the reference: what a relation leads to, in order.
func (s *shelf) related(x any, rel string, l limits) (out []any) {
	switch x := x.(type) {
	case *Writer:
		for _, a := range slices.Backward(s.articles) {
			if rel == "Articles" && a.WriterID == x.ID && a.Views >= l.views {
				out = append(out, a)
			}
		}
		for _, b := range s.bios {
			if rel == "Bio" && *b.WriterID == x.ID {
				out = append(out, b)
			}
		}
		for _, m := range s.marks {
			if rel == "Marks" && m.WriterID == x.ID {
				out = append(out, m)
			}
		}
	case *Article:
		for _, w := range s.writers {
			if rel == "Writer" && w.ID == x.WriterID {
				out = append(out, w)
			}
		}
		for _, n := range s.labels {
			if rel == "Labels" && n.ArticleID == x.ID {
				out = append(out, &Label{Name: n.LabelName})
			}
		}
		for _, m := range s.marks {
			if rel == "Marks" && m.ArticleID == x.ID && (l.most == 0 || len(out) < l.most) {
				out = append(out, m)
			}
		}
	case *Mark:
		for _, a := range s.articles {
			if rel == "Article" && a.ID == x.ArticleID {
				out = append(out, a)
			}
		}
		for _, w := range s.writers {
			if rel == "Writer" && w.ID == x.WriterID {
				out = append(out, w)
			}
		}
	case *Section:
		for _, y := range s.sections {
			if rel == "Parent" && x.ParentID != nil && y.ID == *x.ParentID || rel == "Children" && y.ParentID != nil && *y.ParentID == x.ID {
				out = append(out, y)
			}
		}
	}
	return out
}

// loaded is what a relation of a loaded object has.
func loaded(x any, rel string) ([]any, error) {
	switch x := x.(type) {
	case *Writer:
		switch rel {
		case "Articles":
			return anyOf(x.Articles.Items())
		case "Bio":
			return anyOne(x.Bio.Get())
		}
		return anyOf(x.Marks.Items())
	case *Article:
		switch rel {
		case "Writer":
			return anyOne(x.Writer.Get())
		case "Labels":
			return anyOf(x.Labels.Items())
		}
		return anyOf(x.Marks.Items())
	case *Mark:
		if rel == "Article" {
			return anyOne(x.Article.Get())
		}
		return anyOne(x.Writer.Get())
	case *Section:
		if rel == "Parent" {
			return anyOne(x.Parent.Get())
		}
		return anyOf(x.Children.Items())
	}
	return nil, nil
}

func anyOf[T any](xs []*T, err error) (out []any, _ error) {
	for _, x := range xs {
		out = append(out, x)
	}
	return out, err
}

func anyOne[T any](x *T, err error) ([]any, error) {
	if x == nil {
		return nil, err
	}
	return []any{x}, err
}

// graphText writes an object and what branches lead to.
func graphText(x any, bs []branch, related func(x any, rel string) ([]any, error)) string {
	var b strings.Builder
	switch x := x.(type) {
	case *Writer:
		fmt.Fprintf(&b, "writer %d %s", x.ID, x.Name)
	case *Article:
		fmt.Fprintf(&b, "article %d %s %d %d", x.ID, x.Title, x.Views, x.WriterID)
	case *Label:
		fmt.Fprintf(&b, "label %s", x.Name)
	case *Mark:
		fmt.Fprintf(&b, "mark %d %s", x.ID, x.Message)
	case *Bio:
		fmt.Fprintf(&b, "bio %d %s", x.ID, x.Text)
	case *Section:
		fmt.Fprintf(&b, "section %d %s", x.ID, x.Name)
	}
	for _, br := range bs {
		xs, err := related(x, br.rel)
		if err != nil {
			return err.Error()
		}
		fmt.Fprintf(&b, " %s[", br.rel)
		for _, y := range xs {
			b.WriteString(graphText(y, br.below(), related) + ";")
		}
		b.WriteString("]")
	}
	return b.String()
}

// draw fills the tables at random.
func (s *shelf) draw(t *rapid.T, insert func(rows any)) {
	for i := range rapid.IntRange(0, 5).Draw(t, "sections") {
		s.sections = append(s.sections, &Section{Name: fmt.Sprint("s", i)})
	}
	insert(s.sections)
	for _, x := range s.sections { // in circles too
		if i := rapid.IntRange(-1, len(s.sections)-1).Draw(t, "parent"); i >= 0 {
			x.ParentID = &s.sections[i].ID
		}
	}
	insert(s.sections) // moves them
	n := rapid.IntRange(0, 4).Draw(t, "writers")
	for i := range n {
		s.writers = append(s.writers, &Writer{Name: fmt.Sprint("w", i)})
	}
	insert(s.writers)
	if n == 0 {
		return
	}
	who := func(what string) *Writer { return s.writers[rapid.IntRange(0, n-1).Draw(t, what)] }
	for i := range rapid.IntRange(0, 6).Draw(t, "articles") {
		s.articles = append(s.articles, &Article{Title: fmt.Sprint("a", i), Views: rapid.IntRange(0, 2).Draw(t, "views"), WriterID: who("writer").ID})
	}
	insert(s.articles)
	for _, w := range s.writers {
		if rapid.Bool().Draw(t, "bio") {
			s.bios = append(s.bios, &Bio{Text: "b", WriterID: &w.ID})
		}
	}
	insert(s.bios)
	for _, a := range s.articles {
		for _, name := range []string{"x", "y", "z"} {
			if rapid.Bool().Draw(t, "label") {
				s.labels = append(s.labels, &ArticleLabel{ArticleID: a.ID, LabelName: name})
			}
		}
		for range rapid.IntRange(0, 2).Draw(t, "marks") {
			s.marks = append(s.marks, &Mark{Message: "m", ArticleID: a.ID, WriterID: who("marker").ID})
		}
	}
	insert(s.labels)
	insert(s.marks)
}

func drawBranches(t *rapid.T, kind string, depth int) (out []branch) {
	ways := []func(models.Relation, ...models.LoadOption) models.Loading{models.SelectIn, models.Joined, models.Subquery, models.Immediate}
	for _, rel := range relationsOf[kind] {
		if depth > 0 && rapid.Bool().Draw(t, kind+"."+rel) {
			b := branch{rel: rel, how: rapid.SampledFrom(ways).Draw(t, "how"), kids: drawBranches(t, leadsTo[kind+"."+rel], depth-1)}
			if kind == "Section" {
				b.depth = rapid.IntRange(0, 3).Draw(t, "depth")
			}
			if b.depth > 1 { // it has itself below it
				b.kids = slices.DeleteFunc(b.kids, func(k branch) bool { return k.rel == rel })
			}
			out = append(out, b)
		}
	}
	return out
}

// Every strategy loads the same graph: that of a reference in plain memory.
func TestEveryStrategyLoadsTheSameGraph(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, _ := watched(t, url)
		ctx := t.Context()
		insert(t, db, []*Label{{Name: "x"}, {Name: "y"}, {Name: "z"}})
		rapid.Check(t, func(t *rapid.T) {
			check := func(err error) {
				if err != nil {
					t.Fatal(err)
				}
			}
			for _, table := range []string{"marks", "article_labels", "bios", "articles", "writers", "sections"} {
				_, err := models.Exec(ctx, db, models.Raw[int](models.Unsafe("DELETE FROM "+table)))
				check(err)
			}
			var s shelf
			s.draw(t, func(rows any) {
				var err error
				switch rows := rows.(type) {
				case []*Writer:
					_, err = models.Exec(ctx, db, models.Insert(rows...))
				case []*Article:
					_, err = models.Exec(ctx, db, models.Insert(rows...))
				case []*ArticleLabel:
					_, err = models.Exec(ctx, db, models.Insert(rows...))
				case []*Mark:
					_, err = models.Exec(ctx, db, models.Insert(rows...))
				case []*Bio:
					_, err = models.Exec(ctx, db, models.Insert(rows...))
				case []*Section:
					q := models.Insert(rows...)
					if len(rows) > 0 && rows[0].ID > 0 {
						q = q.OnConflict(&sectionT.ID).DoUpdate(models.ToExpr(&sectionT.ParentID, models.Excluded(&sectionT.ParentID)))
					}
					_, err = models.Exec(ctx, db, q)
				}
				check(err)
			})
			l := limits{rapid.IntRange(0, 1).Draw(t, "least views"), rapid.IntRange(0, 1).Draw(t, "most marks")}
			kind := rapid.SampledFrom([]string{"Writer", "Article", "Mark", "Section"}).Draw(t, "of")
			bs := drawBranches(t, kind, 3)
			limit := rapid.IntRange(1, 8).Draw(t, "limit")
			var h models.Handle = db
			if rapid.Bool().Draw(t, "in a session") {
				ses := models.NewSession(db, "graph")
				defer ses.Close()
				h = ses
			}
			var got, all []any
			var err error
			switch kind {
			case "Writer":
				got, err = anyOf(models.All(ctx, h, models.From(writerT).OrderBy(models.Asc(&writerT.ID)).Limit(limit).With(loadings(kind, bs, l)...)))
				all, _ = anyOf(s.writers, nil)
			case "Article":
				got, err = anyOf(models.All(ctx, h, models.From(articleT).OrderBy(models.Desc(&articleT.Views), models.Asc(&articleT.ID)).Limit(limit).With(loadings(kind, bs, l)...)))
				arts := slices.Clone(s.articles)
				slices.SortStableFunc(arts, func(a, b *Article) int { return b.Views - a.Views })
				all, _ = anyOf(arts, nil)
			case "Mark":
				got, err = anyOf(models.All(ctx, h, models.From(markT).OrderBy(models.Asc(&markT.ID)).Limit(limit).With(loadings(kind, bs, l)...)))
				all, _ = anyOf(s.marks, nil)
			case "Section":
				got, err = anyOf(models.All(ctx, h, models.From(sectionT).OrderBy(models.Asc(&sectionT.ID)).Limit(limit).With(loadings(kind, bs, l)...)))
				all, _ = anyOf(s.sections, nil)
			}
			check(err)
			want := all[:min(limit, len(all))]
			if len(got) != len(want) {
				t.Fatalf("%d objects, want %d", len(got), len(want))
			}
			for i := range want {
				have := graphText(got[i], bs, loaded)
				ref := graphText(want[i], bs, func(x any, rel string) ([]any, error) { return s.related(x, rel, l), nil })
				if have != ref {
					t.Fatalf("loaded  %s\nwant    %s", have, ref)
				}
			}
		})
	})
}
