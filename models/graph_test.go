package models_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/backend"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// The structs of the tests of relations: authors with articles, an article's labels
// through an association, marks that readers put on articles, a bio, and sections that
// make a tree.
type (
	Writer struct {
		models.Model
		Name     string
		Created  time.Time               `db:",created"`
		Articles models.HasMany[Article] `rel:"fk=WriterID,back=Writer,cascade=delete-orphan,order=-ID" json:",omitzero"`
		Bio      models.HasOne[Bio]      `rel:"fk=WriterID,back=Writer" json:",omitzero"`
		Marks    models.HasMany[Mark]    `rel:"back=Writer" json:",omitzero"`
	}
	Article struct {
		models.Model
		Title    string
		Views    int
		WriterID int64                    `db:",fk=writers.id,index"`
		Writer   models.BelongsTo[Writer] `rel:"back=Articles" json:",omitzero"`
		Labels   models.HasMany[Label]    `rel:"through=ArticleLabel,back=Articles,order=Name" json:",omitzero"`
		Marks    models.HasMany[Mark]     `rel:"back=Article,cascade=delete" json:",omitzero"`
	}
	Label struct {
		Name     string                  `db:",pk"`
		Articles models.HasMany[Article] `rel:"through=ArticleLabel,back=Labels" json:",omitzero"`
	}
	ArticleLabel struct {
		ArticleID int64  `db:",pk,fk=articles.id"`
		LabelName string `db:",pk,fk=labels.name"`
		Weight    int
	}
	Mark struct {
		models.Model
		Message   string
		ArticleID int64                     `db:",fk=articles.id,index"`
		WriterID  int64                     `db:",fk=writers.id,index"`
		Article   models.BelongsTo[Article] `rel:"back=Marks" json:",omitzero"`
		Writer    models.BelongsTo[Writer]  `rel:"back=Marks" json:",omitzero"`
	}
	Bio struct {
		models.Model
		Text     string
		WriterID *int64                   `db:",fk=writers.id,unique"`
		Writer   models.BelongsTo[Writer] `rel:"back=Bio" json:",omitzero"`
	}
	Section struct {
		models.Model
		Name     string
		ParentID *int64                    `db:",fk=sections.id"`
		Parent   models.BelongsTo[Section] `rel:"back=Children" json:",omitzero"`
		Children models.HasMany[Section]   `rel:"back=Parent,order=ID" json:",omitzero"`
	}
)

var (
	graph         = models.NewRegistry()
	writerT       = models.RegisterIn[Writer](graph) // reaches Article, Label, Mark and Bio
	articleT      = models.RegisterIn[Article](graph)
	labelT        = models.RegisterIn[Label](graph)
	articleLabelT = models.RegisterIn[ArticleLabel](graph)
	markT         = models.RegisterIn[Mark](graph)
	bioT          = models.RegisterIn[Bio](graph)
	sectionT      = models.RegisterIn[Section](graph)
)

// echo collects the statements that a pool logs.
type echo struct {
	mu   sync.Mutex
	sqls []string
}

func (e *echo) Enabled(context.Context, slog.Level) bool { return true }
func (e *echo) WithAttrs([]slog.Attr) slog.Handler       { return e }
func (e *echo) WithGroup(string) slog.Handler            { return e }

func (e *echo) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "sql" {
			e.mu.Lock()
			e.sqls = append(e.sqls, a.Value.String())
			e.mu.Unlock()
		}
		return true
	})
	return nil
}

// statements runs f and returns the statements that the database was sent meanwhile.
func (e *echo) statements(f func()) []string {
	e.mu.Lock()
	e.sqls = nil
	e.mu.Unlock()
	f()
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sqls
}

// expect runs f and fails unless n statements were sent, without those that open and
// close transactions.
func (e *echo) expect(t *testing.T, n int, f func()) {
	t.Helper()
	var sent []string
	for _, sql := range e.statements(f) {
		switch word, _, _ := strings.Cut(sql, " "); word {
		case "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE":
		default:
			sent = append(sent, sql)
		}
	}
	if len(sent) != n {
		t.Errorf("%d statements, want %d:\n%s", len(sent), n, strings.Join(sent, "\n"))
	}
}

// watched opens a database whose statements are counted by the pool's echo.
func watched(t *testing.T, url string) (*models.Engine, *echo) {
	t.Helper()
	c, _, err := backend.Open(url)
	must(t, err)
	log := &echo{}
	p, err := pool.New(c, pool.Config{Size: 4, Echo: true, Logger: slog.New(log)})
	must(t, err)
	t.Cleanup(func() { must(t, p.Close(context.Background())) })
	e, err := models.NewEngine(p, graph)
	must(t, err)
	must(t, models.CreateTables(t.Context(), e))
	return e, log
}

// library fills a database: n authors, each with m articles with two labels and a mark by
// the next author.
func shelves(t *testing.T, db *models.Engine, n, m int) {
	t.Helper()
	ctx := t.Context()
	var as []*Writer
	for i := range n {
		as = append(as, &Writer{Name: fmt.Sprintf("author %d", i)})
	}
	insert(t, db, as)
	labels := []*Label{{Name: "new"}, {Name: "old"}, {Name: "rare"}}
	insert(t, db, labels)
	var arts []*Article
	var bios []*Bio
	for _, a := range as {
		bios = append(bios, &Bio{Text: "of " + a.Name, WriterID: &a.ID})
		for j := range m {
			arts = append(arts, &Article{Title: fmt.Sprintf("%s, %d", a.Name, j), Views: j, WriterID: a.ID})
		}
	}
	insert(t, db, arts)
	insert(t, db, bios)
	var als []*ArticleLabel
	var marks []*Mark
	for i, a := range arts {
		als = append(als, &ArticleLabel{a.ID, "new", i}, &ArticleLabel{a.ID, "old", i})
		marks = append(marks, &Mark{Message: "of " + a.Title, ArticleID: a.ID, WriterID: as[(i/m+1)%n].ID})
	}
	insert(t, db, als)
	insert(t, db, marks)
	_ = ctx
}

func insert[T any](t *testing.T, db *models.Engine, rows []*T) {
	t.Helper()
	_, err := models.Exec(t.Context(), db, models.Insert(rows...))
	must(t, err)
}
