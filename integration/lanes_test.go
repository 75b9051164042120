package integration

import (
	"fmt"
	"sync"
	"testing"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// Only what is small and names its row by its full key shares a commit: whoever changes
// many rows would keep the others of its group waiting, and their rows locked.
func TestOnlySmallWritesByKeyShareACommit(t *testing.T) {
	const writers, each = 48, 6
	for name, tt := range map[string]struct {
		shares bool
		write  func(t *testing.T, db *spillway.DB, id int64, token string) (int64, error)
	}{
		"update by key": {true, func(t *testing.T, db *spillway.DB, id int64, _ string) (int64, error) {
			return models.Exec(t.Context(), db, models.Update(entryT).Set(models.To(&entryT.Value, 7)).Where(models.Eq(&entryT.ID, id)))
		}},
		"small insert": {true, func(t *testing.T, db *spillway.DB, _ int64, token string) (int64, error) {
			return 1, models.Create(t.Context(), db, &entry{Token: "new " + token})
		}},
		"upsert": {true, func(t *testing.T, db *spillway.DB, _ int64, token string) (int64, error) {
			return models.Exec(t.Context(), db, models.Insert(&entry{Token: token}).OnConflict(&entryT.Token).DoUpdate(models.To(&entryT.Value, 7)))
		}},
		"upsert by a function that nobody knows": {false, func(t *testing.T, db *spillway.DB, _ int64, token string) (int64, error) {
			return models.Exec(t.Context(), db, models.Insert(&entry{Token: token}).OnConflict(&entryT.Token).
				DoUpdate(models.ToExpr(&entryT.Value, models.Func[int64]("abs", models.Col(&entryT.Value)))))
		}},
		"update by another column": {false, func(t *testing.T, db *spillway.DB, _ int64, token string) (int64, error) {
			return models.Exec(t.Context(), db, models.Update(entryT).Set(models.To(&entryT.Value, 7)).Where(models.Eq(&entryT.Token, token)))
		}},
		"update by a range of keys": {false, func(t *testing.T, db *spillway.DB, id int64, _ string) (int64, error) {
			return models.Exec(t.Context(), db, models.Update(entryT).Set(models.To(&entryT.Value, 7)).Where(models.Ge(&entryT.ID, id), models.Le(&entryT.ID, id)))
		}},
		"delete by another column": {false, func(t *testing.T, db *spillway.DB, _ int64, token string) (int64, error) {
			return models.Exec(t.Context(), db, models.Delete(entryT).Where(models.Eq(&entryT.Token, token)))
		}},
		"insert of 16 rows": {true, func(t *testing.T, db *spillway.DB, _ int64, token string) (int64, error) {
			return insertSome(t, db, 16, token)
		}},
		"insert of 17 rows": {false, func(t *testing.T, db *spillway.DB, _ int64, token string) (int64, error) {
			return insertSome(t, db, 17, token)
		}},
		"raw": {false, func(t *testing.T, db *spillway.DB, id int64, _ string) (int64, error) {
			return models.Exec(t.Context(), db, models.Raw[int64]("UPDATE entries SET value = 7 WHERE id = :id", models.Args{"id": id}))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, spillway.Config{URL: testdb.Postgres(t), Size: 6, Overflow: spillway.NoOverflow, GroupWrites: pool.GroupAuto})
			// A loaded machine may take a statement for a slow one, which goes alone.
			for round := 0; round == 0 || tt.shares && round < 10 && db.Stats().SharedWrites.Sum == 0; round++ {
				var rows []*entry
				for i := range writers * each {
					rows = append(rows, &entry{Token: fmt.Sprintf("row %d of %d", i, round)})
				}
				if _, err := models.Exec(t.Context(), db, models.Insert(rows...)); err != nil {
					t.Fatal(err)
				}
				var work sync.WaitGroup
				for w := range writers {
					work.Go(func() {
						for _, r := range rows[w*each : (w+1)*each] {
							if n, err := tt.write(t, db, r.ID, r.Token); err != nil || n != 1 {
								t.Errorf("%s: %d rows, %v", r.Token, n, err)
							}
						}
					})
				}
				work.Wait()
			}
			if s := db.Stats().SharedWrites; (s.Sum > 0) != tt.shares {
				t.Errorf("%d writes shared %d commits", s.Sum, s.Count)
			}
		})
	}
}

// insertSome inserts n rows, and answers 1 if they are as many.
func insertSome(t *testing.T, db *spillway.DB, n int, token string) (int64, error) {
	var rows []*entry
	for i := range n {
		rows = append(rows, &entry{Token: fmt.Sprint("new ", token, " ", i)})
	}
	done, err := models.Exec(t.Context(), db, models.Insert(rows...))
	return done - int64(n) + 1, err
}
