package models_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/spillwaydb/spillway/models"
)

func TestMerge(t *testing.T) {
	both(t, archive, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		tax := &Folder{Name: "tax"}
		bill, receipt := &Paper{Text: "bill"}, &Paper{Text: "receipt"}
		tax.Papers.Add(bill, receipt)
		s.Add(tax)
		must(t, s.Commit(ctx))
		read := func(want string) {
			t.Helper()
			fs, err := models.All(ctx, db, models.From(folderT).OrderBy(models.Asc(&folderT.ID)).With(models.SelectIn(&folderT.Papers)))
			must(t, err)
			got := ""
			for _, f := range fs {
				got += f.Name + ":"
				ps, err := f.Papers.Items()
				must(t, err)
				for _, p := range ps {
					got += " " + p.Text
				}
				got += "; "
			}
			if got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}

		// An object that the session has: its object is changed and returned.
		got, err := models.Merge(ctx, s, &Folder{Model: models.Model{ID: tax.ID}, Name: "taxes"})
		must(t, err)
		if got != tax || tax.Name != "taxes" || tax.Version != 1 {
			t.Errorf("%+v", got)
		}
		must(t, s.Commit(ctx))
		read("taxes: bill receipt; ")

		// One that it does not have is read; a graph with a circle ends; what is in the
		// relation replaces what was there.
		other := session(t, db)
		form := &Folder{Model: models.Model{ID: tax.ID}, Name: "form"}
		changed := &Paper{Model: models.Model{ID: bill.ID}, Text: "changed"}
		changed.Folder.Set(form)
		form.Papers.Add(changed, &Paper{Text: "fresh"}, &Paper{Model: models.Model{ID: receipt.ID}, Text: "receipt"})
		managed, err := models.Merge(ctx, other, form)
		must(t, err)
		if managed == form || managed.ID != tax.ID {
			t.Errorf("%+v", managed)
		}
		again, err := models.Merge(ctx, other, managed)
		if again != managed || err != nil {
			t.Errorf("merging what is inside: %v, %v", again, err)
		}
		must(t, other.Commit(ctx))
		read("form: changed receipt fresh; ")
		ps, err := managed.Papers.Items()
		must(t, err)
		for _, p := range ps {
			if f, err := p.Folder.Get(); f != managed || err != nil {
				t.Errorf("%s belongs to %v, %v", p.Text, f, err)
			}
		}

		// A new one, and one whose key no row has.
		fresh, err := models.Merge(ctx, other, &Folder{Name: "new"})
		must(t, err)
		unknown, err := models.Merge(ctx, other, &Folder{Model: models.Model{ID: 4711}, Name: "by key"})
		must(t, err)
		must(t, other.Commit(ctx))
		if fresh.ID == 0 || unknown.ID != 4711 {
			t.Errorf("%+v %+v", fresh, unknown)
		}
		read("form: changed receipt fresh; new:; by key:; ")

		// A version that is not that of the row.
		if _, err := models.Merge(ctx, session(t, db), &Folder{Model: models.Model{ID: tax.ID}, Version: 1}); !errors.Is(err, models.ErrStale) {
			t.Errorf("%v", err)
		}
		if _, err := models.Merge(ctx, db, fresh); err == nil {
			t.Error("Merge on the database itself")
		}
		if _, err := models.Merge[Folder](ctx, other, nil); err == nil {
			t.Error("Merge of nil")
		}
	})
}

func TestMergeByNaturalAndCompositeKeys(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		u := newUser("ada")
		s.Add(u, &Tag{Name: "go", Label: "Go"})
		must(t, s.Flush(ctx))
		p := &Post{AuthorID: u.ID}
		s.Add(p)
		must(t, s.Flush(ctx))
		s.Add(&PostTag{PostID: p.ID, Tag: "go", Weight: 1})
		must(t, s.Commit(ctx))
		tag, err := models.Merge(ctx, s, &Tag{Name: "go", Label: "Golang"})
		must(t, err)
		sql, err := models.Merge(ctx, s, &Tag{Name: "sql", Label: "SQL"})
		must(t, err)
		twice, err := models.Merge(ctx, s, &Tag{Name: "sql", Label: "SQL!"})
		must(t, err)
		if twice != sql {
			t.Error("one new row, two objects")
		}
		pt, err := models.Merge(ctx, s, &PostTag{PostID: p.ID, Tag: "go", Weight: 2})
		must(t, err)
		must(t, s.Commit(ctx))
		got, err := models.All(ctx, db, models.From(tagT).OrderBy(models.Asc(&tagT.Name)))
		must(t, err)
		if len(got) != 2 || got[0].Label != "Golang" || got[1].Label != "SQL!" || tag.Label != "Golang" || pt.Weight != 2 {
			t.Errorf("%+v %+v", got, pt)
		}
		// Nothing of the given object is shared.
		given := newUser("ada")
		given.ID, given.Settings = u.ID, map[string]any{"a": "b"}
		m, err := models.Merge(ctx, s, given)
		must(t, err)
		given.Settings["a"] = "c"
		if m != u || fmt.Sprint(u.Settings) != "map[a:b]" || u.CreatedAt.IsZero() {
			t.Errorf("%+v", m)
		}
	})
}

func TestExpunge(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		a, b, c := newUser("a"), newUser("b"), newUser("c")
		s.Add(a, b, c)
		s.Expunge(c, newUser("stranger"))
		must(t, s.Commit(ctx))
		if n := count(t, db, userT); n != 2 || c.ID != 0 {
			t.Errorf("%d rows, %+v", n, c)
		}
		a.Score = 9
		s.Delete(b)
		s.Expunge(a, b)
		must(t, s.Commit(ctx))
		if got, err := models.Get[User](ctx, db, a.ID); err != nil || got.Score == 9 {
			t.Errorf("%+v, %v", got, err)
		}
		// It can go on in another session, while this one has another object of the row.
		mine, err := models.Get[User](ctx, s, a.ID)
		must(t, err)
		if mine == a {
			t.Error("still there")
		}
		other := session(t, db)
		other.Add(a)
		must(t, other.Commit(ctx))
		if got, err := models.Get[User](ctx, db, a.ID); err != nil || got.Score != 9 {
			t.Errorf("%+v, %v", got, err)
		}
		// What was flushed before is taken back without the object.
		d := newUser("d")
		s.Add(d)
		must(t, s.Flush(ctx))
		s.Expunge(d)
		must(t, s.Rollback(ctx))
		if d.ID == 0 {
			t.Error("a rollback reached an object that had left")
		}
		s.Expunge(7)
		if err := s.Flush(ctx); err == nil {
			t.Error("Expunge(7)")
		}
	})
}

func TestInspection(t *testing.T) {
	both(t, archive, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		state := func(x any, want models.State) {
			t.Helper()
			got, err := s.State(ctx, x)
			in, err2 := s.Contains(ctx, x)
			if got != want || err != nil || err2 != nil || in != (want == models.Pending || want == models.Persistent || want == models.Deleting) {
				t.Errorf("%v, want %v; %v %v %v", got, want, err, in, err2)
			}
		}
		lists := func(want string) {
			t.Helper()
			got := ""
			for _, list := range []func() ([]any, error){
				func() ([]any, error) { return s.New(ctx) },
				func() ([]any, error) { return s.Dirty(ctx) },
				func() ([]any, error) { return s.Deleted(ctx) },
			} {
				xs, err := list()
				must(t, err)
				for _, x := range xs {
					switch x := x.(type) {
					case *Folder:
						got += x.Name
					case *Paper:
						got += x.Text
					}
				}
				got += "|"
			}
			if got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		f, p := &Folder{Name: "f"}, &Paper{Text: "p"}
		state(f, models.Transient)
		s.Add(f)
		state(f, models.Pending)
		lists("f|||")
		f.Papers.Add(p)
		must(t, s.Commit(ctx))
		state(f, models.Persistent)
		state(p, models.Persistent)
		lists("|||")

		f.Name = "g"
		p.Folder.Clear()
		lists("|gp||")
		ch, err := s.Changes(ctx, f)
		must(t, err)
		if want := []models.Change{{Field: "Name", Old: "f", New: "g"}, {Field: "Papers", Removed: []any{p}}}; !reflect.DeepEqual(ch, want) {
			t.Errorf("%+v", ch)
		}
		if ch, err := s.Changes(ctx, p); err != nil || len(ch) != 1 || ch[0].Field != "Folder" || len(ch[0].Removed) != 1 || ch[0].Removed[0] != f {
			t.Errorf("%+v, %v", ch, err)
		}
		must(t, s.Rollback(ctx))
		lists("|||")
		s.Delete(p)
		state(p, models.Deleting)
		lists("||p|")
		must(t, s.Flush(ctx))
		state(p, models.Deleted)
		must(t, s.Commit(ctx))
		state(p, models.Detached) // its row is marked, not gone
		s.Purge(f)
		must(t, s.Commit(ctx))
		state(f, models.Transient)
		if _, err := s.Changes(ctx, f); !errors.Is(err, models.ErrDetached) {
			t.Errorf("%v", err)
		}
		if got := models.Detached.String() + models.State(9).String(); got != "detachedState(9)" {
			t.Error(got)
		}
	})
}

func TestRefreshOfParts(t *testing.T) {
	both(t, archive, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		f := &Folder{Name: "f"}
		f.Papers.Add(&Paper{Text: "a"})
		s.Add(f)
		must(t, s.Commit(ctx))
		_, err := models.Exec(ctx, db, models.Update(folderT).Set(models.To(&folderT.Name, "theirs")).Everywhere())
		must(t, err)
		must(t, models.Create(ctx, db, &Paper{Text: "b", FolderID: f.ID}))
		f.Version, f.Name = 77, "mine"
		must(t, s.Refresh(ctx, f, &f.Version))
		if f.Name != "mine" || f.Version != 2 {
			t.Errorf("%+v", f)
		}
		f.Papers.Add(&Paper{Text: "lost"})
		must(t, s.Refresh(ctx, f, &f.Papers))
		if ps, err := f.Papers.Items(); err != nil || len(ps) != 2 || ps[1].Text != "b" || f.Name != "mine" {
			t.Errorf("%v, %v", ps, err)
		}
		ps, err := f.Papers.Items()
		must(t, err)
		must(t, s.Refresh(ctx, f, &f.Name, ps[0], &ps[0].Text, &ps[0].Folder))
		if f.Name != "theirs" {
			t.Errorf("%+v", f)
		}
		if err := s.Refresh(ctx, f, &ps[0].Text); err == nil {
			t.Error("the field of another object")
		}
		// Expire has a relation loaded again.
		must(t, models.Create(ctx, db, &Paper{Text: "c", FolderID: f.ID}))
		if ps, err := f.Papers.Load(ctx); len(ps) != 2 || err != nil {
			t.Errorf("%d, %v", len(ps), err)
		}
		s.Expire(f)
		if ps, err := f.Papers.Items(); len(ps) != 2 || err != nil {
			t.Errorf("until then it has what it had: %d, %v", len(ps), err)
		}
		if ps, err := f.Papers.Load(ctx); len(ps) != 3 || err != nil {
			t.Errorf("%d, %v", len(ps), err)
		}
	})
}

func TestPopulateExisting(t *testing.T) {
	both(t, archive, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		f := &Folder{Name: "f"}
		f.Papers.Add(&Paper{Text: "a"})
		s.Add(f)
		must(t, s.Commit(ctx))
		q := models.From(folderT).With(models.SelectIn(&folderT.Papers))
		_, err := models.One(ctx, s, q)
		must(t, err)
		_, err = models.Exec(ctx, db, models.Update(folderT).Set(models.To(&folderT.Name, "theirs")).Everywhere())
		must(t, err)
		must(t, models.Create(ctx, db, &Paper{Text: "b", FolderID: f.ID}))
		for i, q := range []models.Query[*Folder]{q, q.PopulateExisting()} {
			got, err := models.One(ctx, s, q)
			must(t, err)
			ps, err := got.Papers.Items()
			if got != f || (f.Name == "theirs") != (i == 1) || len(ps) != i+1 || err != nil {
				t.Errorf("%d: %+v, %d papers, %v", i, got, len(ps), err)
			}
		}
		if dirty, err := s.Dirty(ctx); len(dirty) > 0 || err != nil {
			t.Errorf("just read, and %v is dirty, %v", dirty, err)
		}
	})
}
