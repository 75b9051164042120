package models_test

import (
	"testing"

	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

// How often a session crosses to the database, by the pool's count.
func TestFlights(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		ctx := t.Context()
		db, p := openPool(t, url, blog)
		must(t, models.CreateTables(ctx, db))
		s := models.NewSession(db, "test")
		defer s.Close()
		ada, bob := newUser("ada"), newUser("bob")
		var many []any
		for i := range 100 {
			many = append(many, &Tag{Name: string(rune('A' + i))})
		}
		for _, step := range []struct {
			name                string
			do                  func() error
			flights, statements uint64
		}{
			{"nothing to commit", func() error { return s.Commit(ctx) }, 0, 0},
			{"one new object commits by itself", func() error { s.Add(ada); return s.Commit(ctx) }, 1, 1},
			{"new objects: BEGIN, 64 + 32 + 4, COMMIT", func() error { s.Add(many...); return s.Commit(ctx) }, 1, 5},
			{"a known object is not asked for", func() error { _, err := models.Get[User](ctx, s, ada.ID); return err }, 1, 1}, // expired by the commit
			{"a known object is not asked for again", func() error { _, err := models.Get[User](ctx, s, ada.ID); return err }, 0, 0},
			{"one change commits by itself", func() error { ada.Score++; return s.Commit(ctx) }, 1, 1},
			{"a flush begins the transaction with its first statement", func() error { s.Add(bob); return s.Flush(ctx) }, 1, 2},
			{"within it, a savepoint", func() error { bob.Score++; return s.Flush(ctx) }, 1, 3},
			{"COMMIT", func() error { return s.Commit(ctx) }, 1, 1},
			{"changes: COMMIT waits for their answers", func() error { ada.Score++; bob.Score++; return s.Commit(ctx) }, 2, 4},
			{"autoflush and query", func() error { ada.Score++; _, err := models.All(ctx, s, models.From(userT)); return err }, 2, 3},
			{"a table without changes is queried alone", func() error { ada.Score++; _, err := models.All(ctx, s, models.From(postT)); return err }, 1, 1},
			{"rollback", func() error { return s.Rollback(ctx) }, 1, 1},
			{"deletions of one table are one statement", func() error { s.Delete(ada, bob); return s.Commit(ctx) }, 1, 1},
			{"rows inserted by the database handle", func() error {
				return exec(ctx, db, models.Insert(&Tag{Name: "one"}, &Tag{Name: "two"}, &Tag{Name: "three"}))
			}, 1, 4},
		} {
			before := p.Stats()
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			after := p.Stats()
			if f, n := after.Flights-before.Flights, after.Statements-before.Statements; f != step.flights || n != step.statements {
				t.Errorf("%s: %d flights with %d statements, want %d with %d", step.name, f, n, step.flights, step.statements)
			}
		}
		if st := p.Stats(); st.Leased != 0 {
			t.Errorf("%d connections are held", st.Leased)
		}
	})
}
