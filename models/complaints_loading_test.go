package models_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

// What users of other libraries had to complain about loading, each test named after the
// issue where they did.

// https://github.com/go-gorm/gorm/issues/6849: more than 65535 parents are too many
// parameters. To see it fail: in dialect.In.write write the values out (ok = false).
//
// https://github.com/go-gorm/gorm/issues/7792: children were assigned to parents by
// comparing all with all. To see it fail: let keyIndex.find search values; the time that
// the same rows take without being assigned is the measure, as machines differ.
func TestGORM6849And7792AHundredThousandParents(t *testing.T) {
	const n = 100_000
	testdb.Both(t, func(t *testing.T, url string) {
		db, log := watched(t, url)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		for i := 0; i < n; i += 10_000 {
			ws := make([]*Writer, 10_000)
			for j := range ws {
				ws[j] = &Writer{Name: fmt.Sprint(i + j)}
			}
			insert(t, db, ws)
			bios := make([]*Bio, len(ws))
			for j, w := range ws {
				bios[j] = &Bio{Text: w.Name, WriterID: &w.ID}
			}
			insert(t, db, bios)
		}
		begin := time.Now()
		_, err := models.All(ctx, db, models.From(writerT))
		must(t, err)
		_, err = models.All(ctx, db, models.From(bioT))
		must(t, err)
		apart := time.Since(begin)
		log.expect(t, 2, func() {
			begin := time.Now()
			ws, err := models.All(ctx, db, models.From(writerT).With(models.SelectIn(&writerT.Bio)))
			if took := time.Since(begin); took > 10*apart+time.Second {
				t.Errorf("%v with relations, %v without", took, apart)
			}
			if err != nil || len(ws) != n {
				t.Fatalf("%d writers, %v", len(ws), err)
			}
			for _, w := range ws {
				if b := get1(t, w.Bio.Get); b == nil || b.Text != w.Name || *b.WriterID != w.ID {
					t.Fatalf("writer %s has the bio %+v", w.Name, b)
				}
			}
		})
	})
}

type (
	crowd struct {
		models.Model
		Name    string
		Persons models.HasMany[person] `rel:"through=presence"`
	}
	person struct {
		models.Model
		Name   string
		Crowds models.HasMany[crowd] `rel:"through=presence"`
	}
	// presence has a key of its own, so that one person can be there twice.
	presence struct {
		models.Model
		CrowdID  int64 `db:",fk=crowds.id"`
		PersonID int64 `db:",fk=people.id"`
	}
)

func (person) TableName() string { return "people" }

// https://github.com/uptrace/bun/issues/1386: an object that several rows lead to came
// several times. To see it fail: drop the call of once in loadNode.arrange.
func TestBun1386AnObjectComesOnce(t *testing.T) {
	r := models.NewRegistry()
	crowdT := models.RegisterIn[crowd](r)
	personT := models.RegisterIn[person](r)
	models.RegisterIn[presence](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		a, b := &crowd{Name: "a"}, &crowd{Name: "b"}
		x, y := &person{Name: "x"}, &person{Name: "y"}
		insert(t, db, []*crowd{a, b})
		insert(t, db, []*person{x, y})
		insert(t, db, []*presence{{CrowdID: a.ID, PersonID: x.ID}, {CrowdID: a.ID, PersonID: x.ID}, {CrowdID: a.ID, PersonID: y.ID}, {CrowdID: b.ID, PersonID: x.ID}})
		for name, load := range ways {
			cs, err := models.All(ctx, db, models.From(crowdT).OrderBy(models.Asc(&crowdT.ID)).With(load(&crowdT.Persons, load(&personT.Crowds))))
			if err != nil || len(cs) != 2 {
				t.Fatalf("%s: %d, %v", name, len(cs), err)
			}
			if ps := items(t, &cs[0].Persons); len(ps) != 2 || ps[0].Name != "x" || len(items(t, &ps[0].Crowds)) != 2 || items(t, &cs[1].Persons)[0] != ps[0] {
				t.Errorf("%s: %v", name, ps)
			}
		}
	})
}

// ways are the strategies that load with the query.
var ways = map[string]func(models.Relation, ...models.LoadOption) models.Loading{
	"selectin": models.SelectIn, "joined": models.Joined, "subquery": models.Subquery, "immediate": models.Immediate,
}

// https://github.com/stephenafamo/bob/pull/736: 61773 parents had as many copies of 49
// children. To see it fail: let keyTuples.find answer known = false.
func TestBob736ParentsShareTheirChild(t *testing.T) {
	handles(t, 3, 20, func(t *testing.T, h models.Handle, log *echo) {
		for name, load := range ways {
			as, err := models.All(t.Context(), h, models.From(articleT).With(load(&articleT.Writer)))
			must(t, err)
			seen := map[*Writer]bool{}
			for _, a := range as {
				seen[get1(t, a.Writer.Get)] = true
			}
			if len(as) != 60 || len(seen) != 3 {
				t.Errorf("%s: %d writers of %d articles", name, len(seen), len(as))
			}
		}
	})
}

type (
	owner struct {
		models.Model
		Name string
		Pets models.HasMany[pet] `rel:"back=Owner"`
	}
	pet struct {
		models.Model
		Name    string
		Gone    *time.Time `db:",softdelete"`
		OwnerID int64      `db:",fk=owners.id"`
		Owner   models.BelongsTo[owner]
	}
)

// https://github.com/go-gorm/gorm/issues/4918: a join brought rows that are marked as
// deleted. To see it fail: drop dialect.Live from joining.add.
func TestGORM4918JoinsLeaveDeletedRowsOut(t *testing.T) {
	r := models.NewRegistry()
	ownerT := models.RegisterIn[owner](r)
	petT := models.RegisterIn[pet](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		now := time.Now()
		a, b := &owner{Name: "a"}, &owner{Name: "b"}
		insert(t, db, []*owner{a, b})
		insert(t, db, []*pet{{Name: "here", OwnerID: a.ID}, {Name: "gone", Gone: &now, OwnerID: a.ID}, {Name: "gone", Gone: &now, OwnerID: b.ID}})
		q := models.From(ownerT).OrderBy(models.Asc(&ownerT.ID))
		for name, load := range ways {
			for _, q := range []models.Query[*owner]{q, q.Limit(5), q.Distinct()} {
				os, err := models.All(ctx, db, q.With(load(&ownerT.Pets)))
				if err != nil || len(os) != 2 || len(items(t, &os[0].Pets)) != 1 || len(items(t, &os[1].Pets)) != 0 {
					t.Errorf("%s: %v, %v", name, os, err)
				}
			}
		}
		os, err := models.All(ctx, db, q.Join(&ownerT.Pets).With(models.FromJoin(&ownerT.Pets)))
		if err != nil || len(os) != 1 || len(items(t, &os[0].Pets)) != 1 {
			t.Errorf("%v, %v", os, err)
		}
		ns, err := models.All(ctx, db, models.Select1(models.Counted(&ownerT.Pets)).OrderBy(models.Asc(&ownerT.ID)))
		if fmt.Sprint(ns) != "[1 0]" || err != nil {
			t.Errorf("%v, %v", ns, err)
		}
		if n, err := models.Count(ctx, db, q.Where(models.Has(&ownerT.Pets, models.Eq(&petT.Name, "gone")))); n != 0 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}

// https://github.com/sqlalchemy/sqlalchemy/issues/10630: a joined collection together
// with a limit and an order by what is not selected. To see it fail: let joining.wrap keep
// only columns of the table.
func TestSQLAlchemy10630JoinedWithLimitAndOrder(t *testing.T) {
	handles(t, 5, 3, func(t *testing.T, h models.Handle, log *echo) {
		q := models.From(writerT).Join(markT).Where(models.Eq(&markT.Message, "of author 0, 0")).
			OrderBy(models.Desc(&markT.Message), models.Col(&writerT.ID).Times(-1).Asc()).Limit(2)
		q2 := models.From(writerT).OrderBy(models.Col(&writerT.ID).Times(-1).Asc()).Limit(2)
		for _, q := range []models.Query[*Writer]{q, q2} {
			plain, err := models.All(t.Context(), h, q)
			must(t, err)
			ws, err := models.All(t.Context(), h, q.With(models.Joined(&writerT.Articles), models.Joined(&writerT.Marks)))
			if err != nil || len(ws) != len(plain) {
				t.Fatalf("%d writers, want %d; %v", len(ws), len(plain), err)
			}
			for i := range ws {
				if ws[i].ID != plain[i].ID || len(items(t, &ws[i].Articles)) != 3 || len(items(t, &ws[i].Marks)) != 3 {
					t.Errorf("writer %d in place %d", ws[i].ID, i)
				}
			}
		}
	})
}

// https://github.com/strawberry-graphql/strawberry-sqlalchemy/issues/13: a joined
// collection demands unique() of whoever reads the result, or gives parents again and
// again. To see it fail: let aboard make a mainHead that does not merge.
func TestStrawberrySQLAlchemy13NoUniqueNeeded(t *testing.T) {
	handles(t, 2, 4, func(t *testing.T, h models.Handle, log *echo) {
		q := models.From(writerT).With(models.Joined(&writerT.Articles))
		ws, err := models.All(t.Context(), h, q)
		if err != nil || len(ws) != 2 {
			t.Errorf("%d writers, %v", len(ws), err)
		}
		if _, err := models.One(t.Context(), h, q.Where(models.Eq(&writerT.ID, 1))); err != nil {
			t.Errorf("One: %v", err)
		}
		if n, err := models.Count(t.Context(), h, q); n != 2 || err != nil {
			t.Errorf("Count: %d, %v", n, err)
		}
		if p, err := models.Page(t.Context(), h, q.Limit(1)); len(p.Rows) != 1 || p.Total != 2 || err != nil {
			t.Errorf("Page: %d of %d, %v", len(p.Rows), p.Total, err)
		}
		n := 0
		for w, err := range models.Each(t.Context(), h, q.Chunk(1)) {
			if n++; err != nil || len(items(t, &w.Articles)) != 4 {
				t.Errorf("Each: %v, %v", w, err)
			}
		}
		if n != 2 {
			t.Errorf("Each: %d writers", n)
		}
	})
}

// https://github.com/ent/ent/issues/3427 and https://github.com/uptrace/bun/issues/496:
// the newest two of each parent. To see it fail: write n.st in loadNode.statement without
// Top.
func TestEnt3427LimitPerParent(t *testing.T) {
	handles(t, 4, 5, func(t *testing.T, h models.Handle, log *echo) {
		log.expect(t, 2, func() {
			ws, err := models.All(t.Context(), h, models.From(writerT).With(models.SelectIn(&writerT.Articles, models.PerParent(2, models.Desc(&articleT.Views)))))
			if err != nil || len(ws) != 4 {
				t.Fatalf("%d writers, %v", len(ws), err)
			}
			for _, w := range ws {
				if as := items(t, &w.Articles); len(as) != 2 || as[0].Views != 4 || as[1].Views != 3 {
					t.Errorf("%v", as)
				}
			}
		})
	})
}

// https://github.com/sqlalchemy/sqlalchemy/issues/8769: after a commit a loaded relation
// asked the database again, where nobody could wait for it. To see it fail: let
// words.items fail for states of an earlier epoch.
func TestSQLAlchemy8769LoadedStaysReadableAfterCommit(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, log := watched(t, url)
		shelves(t, db, 2, 3)
		ctx := t.Context()
		q := models.From(writerT).With(models.SelectIn(&writerT.Articles))
		as := async.NewSession(db, t.Name(), time.Second)
		ws, err := async.All(ctx, as, q).Await(ctx)
		must(t, err)
		ws[0].Name = "changed"
		must(t, as.Commit(ctx).Wait(ctx))
		s := session(t, db)
		vs, err := models.All(ctx, s, q)
		must(t, err)
		must(t, s.Commit(ctx))
		log.expect(t, 0, func() {
			if n := len(items(t, &ws[0].Articles)) + len(items(t, &vs[0].Articles)); n != 6 {
				t.Errorf("%d articles", n)
			}
		})
		must(t, as.Close())
		if n := len(items(t, &ws[0].Articles)); n != 3 {
			t.Errorf("%d articles after Close", n)
		}
	})
}

// https://github.com/uptrace/bun/issues/604: parents could not be chosen by what a
// has-many relation has. To see it fail: let Related.write leave Where out.
func TestBun604ParentsByTheirChildren(t *testing.T) {
	handles(t, 4, 2, func(t *testing.T, h models.Handle, log *echo) {
		ws, err := models.All(t.Context(), h, models.From(writerT).Where(models.Has(&writerT.Articles, models.Eq(&articleT.WriterID, 3))).
			With(models.SelectIn(&writerT.Articles)))
		if err != nil || len(ws) != 1 || ws[0].ID != 3 || len(items(t, &ws[0].Articles)) != 2 {
			t.Errorf("%v, %v", ws, err)
		}
	})
}

// bun's testRelationJoinDataRace: a query with joined relations that goroutines share. To
// see it fail under -race: let joining.add append to sel.Joins without clip.
func TestBunRelationJoinDataRace(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, _ := watched(t, url)
		shelves(t, db, 3, 3)
		q := models.From(writerT).Join(&writerT.Bio)
		for _, name := range []string{"a", "b"} { // three joins are a slice with room for a fourth
			again := models.Alias(bioT, name)
			q = q.Join(again, models.Along(&writerT.Bio, again))
		}
		q = q.OrderBy(models.Asc(&writerT.ID)).With(models.Joined(&writerT.Articles, models.Joined(&articleT.Labels)))
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				ws, err := models.All(t.Context(), db, q)
				if err != nil || len(ws) != 3 {
					t.Errorf("%v, %v", ws, err)
				}
			})
		}
		all.Wait()
	})
}

// https://github.com/go-gorm/gorm/issues/1083: relations at one level were loaded one
// after the other. To see it fail: let loader.Next send one node at a time.
func TestGORM1083SiblingsTravelTogether(t *testing.T) {
	proxy := testdb.NewProxy(t, testdb.Postgres(t))
	db, _ := watched(t, proxy.URL())
	shelves(t, db, 3, 3)
	q := models.From(writerT).With(models.SelectIn(&writerT.Articles), models.SelectIn(&writerT.Marks), models.SelectIn(&writerT.Bio))
	for range 2 { // the first time statements are prepared
		proxy.Reset()
		if _, err := models.All(t.Context(), db, q); err != nil {
			t.Fatal(err)
		}
	}
	if got := proxy.Reset(); got.RoundTrips != 2 {
		t.Errorf("%+v, want two round trips", got)
	}
}
