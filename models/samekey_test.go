package models_test

import (
	"slices"
	"testing"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

type (
	Term struct {
		Name  string                   `db:",pk,type.postgres='text COLLATE loose',type.sqlite='TEXT COLLATE NOCASE'"`
		Gone  bool                     `db:",softdelete"`
		Finds models.HasMany[Find]     `rel:"fk=TermName,back=Term"`
		Note  models.HasOne[TermNote]  `rel:"fk=TermName"`
		Books models.HasMany[TermBook] `rel:"through=BookTerm"`
	}
	Find struct {
		models.Model
		TermName *string                `db:",fk=terms.name,type.postgres='text COLLATE loose',type.sqlite='TEXT COLLATE NOCASE'"`
		Term     models.BelongsTo[Term] `rel:"fk=TermName,back=Finds"`
	}
	TermNote struct {
		models.Model
		TermName string `db:",fk=terms.name,type.postgres='text COLLATE loose',type.sqlite='TEXT COLLATE NOCASE'"`
	}
	TermBook struct {
		models.Model
		Terms models.HasMany[Term] `rel:"through=BookTerm"`
	}
	BookTerm struct {
		TermBookID int64  `db:",pk,fk=term_books.id"`
		TermName   string `db:",pk,fk=terms.name,type.postgres='text COLLATE loose',type.sqlite='TEXT COLLATE NOCASE'"`
	}
)

var (
	terms     = models.NewRegistry()
	termT     = models.RegisterIn[Term](terms)
	findT     = models.RegisterIn[Find](terms)
	_         = models.RegisterIn[TermNote](terms)
	termBookT = models.RegisterIn[TermBook](terms)
	_         = models.RegisterIn[BookTerm](terms)
)

// Where the database takes texts for equal that are written differently, what belongs
// together is found by whatever way of loading.
func TestKeysThatAreEqualAndWrittenDifferently(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, _ := openPool(t, url, terms)
		ctx := t.Context()
		if backendOf(t) == "postgres" {
			must(t, exec(ctx, db, models.Raw[int]("CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")))
		}
		must(t, models.CreateTables(ctx, db))
		insert(t, db, []*Term{{Name: "Abc"}, {Name: "gone", Gone: true}, {Name: "xyz"}})
		name := func(s string) *string { return &s }
		insert(t, db, []*Find{{TermName: name("ABC")}, {TermName: name("xyZ")}, {}, {TermName: name("abc")}, {TermName: name("Abc")}, {TermName: name("Gone")}})
		insert(t, db, []*TermNote{{TermName: "aBC"}})
		insert(t, db, []*TermBook{{}, {}})
		insert(t, db, []*BookTerm{{1, "ABC"}, {1, "XYZ"}, {2, "abc"}, {2, "gone"}})

		check := func(t *testing.T, ts []*Term, fs []*Find, bs []*TermBook) {
			t.Helper()
			for i, want := range [][]int64{{1, 4, 5}, {2}} {
				got := []int64{}
				for _, f := range items(t, &ts[i].Finds) {
					got = append(got, f.ID)
					if back, err := f.Term.Get(); back != ts[i] || err != nil {
						t.Errorf("find %d leads to %+v, %v", f.ID, back, err)
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("finds of %s: %v, want %v", ts[i].Name, got, want)
				}
				n, err := ts[i].Note.Get()
				if (n != nil) != (i == 0) || err != nil {
					t.Errorf("note of %s: %v, %v", ts[i].Name, n, err)
				}
				books := []int64{}
				for _, b := range items(t, &ts[i].Books) {
					books = append(books, b.ID)
				}
				if want := [][]int64{{1, 2}, {1}}[i]; !slices.Equal(books, want) {
					t.Errorf("books of %s: %v, want %v", ts[i].Name, books, want)
				}
			}
			for i, want := range []string{"Abc", "xyz", "", "Abc", "Abc", ""} {
				got, err := fs[i].Term.Get()
				if err != nil || (got == nil) != (want == "") || got != nil && got.Name != want {
					t.Errorf("term of find %d: %v, want %q; %v", fs[i].ID, got, want, err)
				}
			}
			for i, want := range [][]string{{"Abc", "xyz"}, {"Abc"}} {
				got := []string{}
				for _, x := range items(t, &bs[i].Terms) {
					got = append(got, x.Name)
				}
				if !slices.Equal(got, want) {
					t.Errorf("terms of book %d: %v, want %v", bs[i].ID, got, want)
				}
			}
		}
		all := func(t *testing.T, h models.Handle, how func(models.Relation, ...models.LoadOption) models.Loading) (ts []*Term, fs []*Find, bs []*TermBook) {
			t.Helper()
			qt := models.From(termT).OrderBy(models.Asc(&termT.Name))
			qf := models.From(findT).OrderBy(models.Asc(&findT.ID))
			qb := models.From(termBookT).OrderBy(models.Asc(&termBookT.ID))
			if how != nil {
				qt, qf, qb = qt.With(how(&termT.Finds), how(&termT.Note), how(&termT.Books)), qf.With(how(&findT.Term)), qb.With(how(&termBookT.Terms))
			}
			var err error
			ts, err = models.All(ctx, h, qt)
			must(t, err)
			fs, err = models.All(ctx, h, qf)
			must(t, err)
			bs, err = models.All(ctx, h, qb)
			must(t, err)
			return ts, fs, bs
		}
		for what, how := range map[string]func(models.Relation, ...models.LoadOption) models.Loading{
			"select in": models.SelectIn, "subquery": models.Subquery, "joined": models.Joined,
			"per parent": func(r models.Relation, o ...models.LoadOption) models.Loading {
				return models.SelectIn(r, models.PerParent(9))
			},
		} {
			t.Run(what, func(t *testing.T) {
				ts, fs, bs := all(t, db, how)
				check(t, ts, fs, bs)
				s := session(t, db)
				ts, fs, bs = all(t, s, how)
				check(t, ts, fs, bs)
			})
		}
		lazily := func(t *testing.T, h models.Handle, alone bool) {
			t.Helper()
			ts, fs, bs := all(t, h, nil)
			if alone {
				for i := range ts {
					x, err := models.Get[Term](ctx, h, ts[i].Name)
					must(t, err)
					ts[i] = x
				}
				for i := range fs {
					x, err := models.Get[Find](ctx, h, fs[i].ID)
					must(t, err)
					fs[i] = x
				}
			}
			for _, x := range fs {
				_, err := async.Load(ctx, &x.Term).Await(ctx)
				must(t, err)
			}
			for _, x := range ts {
				_, err := x.Finds.Load(ctx)
				must(t, err)
				_, err = x.Note.Load(ctx)
				must(t, err)
				_, err = x.Books.Load(ctx)
				must(t, err)
			}
			for _, x := range bs {
				_, err := x.Terms.Load(ctx)
				must(t, err)
			}
			check(t, ts, fs, bs)
		}
		t.Run("lazy", func(t *testing.T) { lazily(t, db, false) })
		t.Run("lazy, in a session", func(t *testing.T) { lazily(t, session(t, db), false) })
		t.Run("lazy, alone", func(t *testing.T) { lazily(t, db, true) })
		t.Run("counts", func(t *testing.T) {
			ts, fs, bs := all(t, db, nil)
			for what, c := range map[string]struct {
				got  func() ([]int64, error)
				want []int64
			}{
				"finds":        {func() ([]int64, error) { return models.CountEach(ctx, db, ts, &termT.Finds) }, []int64{3, 1}},
				"ranked finds": {func() ([]int64, error) { return models.CountEach(ctx, db, ts, &termT.Finds, models.Gt(&findT.ID, 1)) }, []int64{2, 1}},
				"books":        {func() ([]int64, error) { return models.CountEach(ctx, db, ts, &termT.Books) }, []int64{2, 1}},
				"terms":        {func() ([]int64, error) { return models.CountEach(ctx, db, fs, &findT.Term) }, []int64{1, 1, 0, 1, 1, 0}},
				"of books":     {func() ([]int64, error) { return models.CountEach(ctx, db, bs, &termBookT.Terms) }, []int64{2, 1}},
			} {
				if got, err := c.got(); err != nil || !slices.Equal(got, c.want) {
					t.Errorf("%s: %v, want %v; %v", what, got, c.want, err)
				}
			}
		})
	})
}
