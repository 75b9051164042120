package models_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/models"
)

// Tables whose rows are marked as deleted, by a time and by a flag, and one whose are not.
type (
	Folder struct {
		models.Model
		Name    string                  `db:",unique,where=gone_at IS NULL"`
		GoneAt  *time.Time              `db:",softdelete"`
		Version int                     `db:",version"`
		Papers  models.HasMany[Paper]   `rel:"back=Folder,cascade=delete"`
		Labels  models.HasMany[Sticker] `rel:"fk=FolderID,cascade=delete"`
	}
	Paper struct {
		models.Model
		Text     string
		Gone     bool                     `db:",softdelete"`
		FolderID int64                    `db:",fk=folders.id"`
		Folder   models.BelongsTo[Folder] `rel:"back=Papers"`
	}
	Sticker struct {
		models.Model
		Text     string
		FolderID int64 `db:",fk=folders.id"`
	}
)

var (
	archive  = models.NewRegistry()
	folderT  = models.RegisterIn[Folder](archive)
	paperT   = models.RegisterIn[Paper](archive)
	stickerT = models.RegisterIn[Sticker](archive)
)

func folderNames(t *testing.T, h models.Handle, q models.Query[*Folder]) string {
	t.Helper()
	got, err := models.All(t.Context(), h, q.OrderBy(models.Asc(&folderT.ID)))
	must(t, err)
	var out []string
	for _, f := range got {
		out = append(out, f.Name)
	}
	return strings.Join(out, " ")
}

func countOf[R any](t *testing.T, h models.Handle, q models.Query[R]) int64 {
	t.Helper()
	n, err := models.Count(t.Context(), h, q)
	must(t, err)
	return n
}

func TestSoftDelete(t *testing.T) {
	both(t, archive, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		tax, mail := &Folder{Name: "tax"}, &Folder{Name: "mail"}
		tax.Papers.Add(&Paper{Text: "bill"}, &Paper{Text: "receipt"})
		tax.Labels.Add(&Sticker{Text: "red"})
		mail.Papers.Add(&Paper{Text: "letter"})
		s.Add(tax, mail)
		must(t, s.Commit(ctx))
		q := models.From(folderT)

		// A rollback takes the mark back.
		s.Delete(tax)
		must(t, s.Flush(ctx))
		if tax.GoneAt == nil || tax.Version != 2 {
			t.Errorf("%+v", tax)
		}
		if got := folderNames(t, s, q); got != "mail" {
			t.Errorf("after the flush: %s", got)
		}
		if _, err := models.Get[Folder](ctx, s, tax.ID); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("Get after the flush: %v", err)
		}
		must(t, s.Rollback(ctx))
		if tax.GoneAt != nil || tax.Version != 1 || folderNames(t, s, q) != "tax mail" {
			t.Errorf("after the rollback: %+v", tax)
		}

		s.Delete(tax)
		must(t, s.Commit(ctx))
		if folderNames(t, db, q) != "mail" || folderNames(t, db, q.WithDeleted()) != "tax mail" {
			t.Errorf("%s, with deleted %s", folderNames(t, db, q), folderNames(t, db, q.WithDeleted()))
		}
		// The cascade marked what can be marked, and left alone what can not.
		if live, all := count(t, db, paperT), countOf(t, db, models.From(paperT).WithDeleted()); live != 1 || all != 3 {
			t.Errorf("%d papers of %d", live, all)
		}
		if n := count(t, db, stickerT); n != 1 {
			t.Errorf("%d labels", n)
		}

		// Joins, subqueries, EXISTS and aggregates do not see it either.
		for what, q := range map[string]models.Query[*Paper]{
			"join":     models.From(paperT).WithDeleted().Join(folderT),
			"subquery": models.From(paperT).WithDeleted().Where(models.InQuery(&paperT.FolderID, models.Select1(models.Col(&folderT.ID)))),
			"exists":   models.From(paperT).WithDeleted().Where(models.ExistsIn(models.From(folderT).Where(models.EqCol(&folderT.ID, &paperT.FolderID)))),
		} {
			want := int64(1)
			if what == "join" { // it is one query with its join
				want = 3
			}
			if n, err := models.Count(ctx, db, q); n != want || err != nil {
				t.Errorf("%s: %d papers, want %d; %v", what, n, want, err)
			}
		}
		rows, err := models.All(ctx, db, models.Select2(models.Col(&stickerT.Text), models.Nullable(models.Col(&folderT.Name))).LeftJoin(folderT))
		if err != nil || len(rows) != 1 || rows[0].B != nil {
			t.Errorf("a left join keeps the row and not its match: %+v, %v", rows, err)
		}
		if n, err := models.Exec(ctx, db, models.Update(folderT).Set(models.To(&folderT.Name, "x")).Where(models.Eq(&folderT.ID, tax.ID))); n != 0 || err != nil {
			t.Errorf("an update hit %d deleted rows, %v", n, err)
		}

		// Its name is free again, by the condition of the unique index.
		again := &Folder{Name: "tax"}
		must(t, models.Create(ctx, db, again))
		if err := models.Create(ctx, db, &Folder{Name: "mail"}); !errors.Is(err, driver.ErrUnique) {
			t.Errorf("%v", err)
		}
		s2 := session(t, db)
		gone, err := models.Get[Folder](ctx, s2, again.ID)
		must(t, err)
		s2.Purge(gone)
		must(t, s2.Commit(ctx))

		// The object can be brought back.
		s.Add(tax)
		tax.GoneAt = nil
		must(t, s.Commit(ctx))
		if folderNames(t, db, q) != "tax mail" {
			t.Errorf("not back: %s", folderNames(t, db, q))
		}
	})
}

func TestSoftDeletedRelations(t *testing.T) {
	both(t, archive, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		tax := &Folder{Name: "tax"}
		bill, receipt := &Paper{Text: "bill"}, &Paper{Text: "receipt"}
		tax.Papers.Add(bill, receipt)
		s.Add(tax)
		must(t, s.Commit(ctx))
		s.Delete(bill)
		must(t, s.Commit(ctx))
		texts := func(fs []*Folder) string {
			var out []string
			for _, f := range fs {
				ps, err := f.Papers.Load(ctx)
				must(t, err)
				for _, p := range ps {
					out = append(out, p.Text)
				}
			}
			return strings.Join(out, " ")
		}
		for _, c := range []struct {
			name string
			q    models.Query[*Folder]
			want string
		}{
			{"lazy", models.From(folderT), "receipt"},
			{"selectin", models.From(folderT).With(models.SelectIn(&folderT.Papers)), "receipt"},
			{"selectin of all", models.From(folderT).With(models.SelectIn(&folderT.Papers, models.IncludeDeleted())), "bill receipt"},
		} {
			got, err := models.All(ctx, db, c.q)
			must(t, err)
			if texts(got) != c.want {
				t.Errorf("%s: %q, want %q", c.name, texts(got), c.want)
			}
		}
		// What refers to a deleted row finds nobody, unless it asks for deleted ones.
		_, err := models.Exec(ctx, db, models.Delete(folderT).Everywhere())
		must(t, err)
		for _, opt := range [][]models.LoadOption{nil, {models.IncludeDeleted()}} {
			p, err := models.One(ctx, db, models.From(paperT).With(models.SelectIn(&paperT.Folder, opt...)))
			must(t, err)
			if f, err := p.Folder.Get(); err != nil || (f != nil) != (opt != nil) {
				t.Errorf("with %v: %v, %v", opt, f, err)
			}
		}
	})
}

func TestSoftDeleteByQuery(t *testing.T) {
	both(t, archive, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		for i := range 4 {
			must(t, models.Create(ctx, db, &Folder{Name: fmt.Sprint("f", i)}))
		}
		q := models.From(folderT)
		for range 2 { // the second time there is nothing left to mark
			_, err := models.Exec(ctx, db, models.Delete(folderT).Where(models.Le(&folderT.Name, "f1")))
			must(t, err)
		}
		if folderNames(t, db, q) != "f2 f3" || folderNames(t, db, q.WithDeleted().Where(models.NotNull(&folderT.GoneAt), models.Eq(&folderT.Version, 2))) != "f0 f1" {
			t.Errorf("%s; %s", folderNames(t, db, q), folderNames(t, db, q.WithDeleted()))
		}
		n, err := models.Exec(ctx, db, models.Delete(folderT).Where(models.NotNull(&folderT.GoneAt)).Purge())
		if n != 2 || err != nil || folderNames(t, db, q.WithDeleted()) != "f2 f3" {
			t.Errorf("purged %d, %v", n, err)
		}
		s := session(t, db)
		f2, err := models.First(ctx, s, q)
		must(t, err)
		s.Purge(f2)
		must(t, s.Commit(ctx))
		if folderNames(t, db, q.WithDeleted()) != "f3" {
			t.Errorf("left: %s", folderNames(t, db, q.WithDeleted()))
		}
		// Refresh shows what others have marked.
		f3, err := models.First(ctx, s, q)
		must(t, err)
		_, err = models.Exec(ctx, db, models.Delete(folderT).Everywhere())
		must(t, err)
		must(t, s.Refresh(ctx, f3))
		if f3.GoneAt == nil {
			t.Error("not seen as deleted")
		}
	})
}
