package integration

import (
	"errors"
	"sync"
	"testing"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

// two returns two stored rows.
func two(t *testing.T, db *spillway.DB) (a, b int64) {
	t.Helper()
	x, y := &entry{Token: "a"}, &entry{Token: "b"}
	if _, err := models.Exec(t.Context(), db, models.Insert(x, y)); err != nil {
		t.Fatal(err)
	}
	return x.ID, y.ID
}

// set changes a row in a session and sends the change.
func set(t *testing.T, s *models.Session, id, v int64) error {
	t.Helper()
	_, err := models.Exec(t.Context(), s, models.Update(entryT).Set(models.To(&entryT.Value, v)).Where(models.Eq(&entryT.ID, id)))
	return err
}

func TestTwoSessionsThatLockEachOther(t *testing.T) {
	db := open(t, spillway.Config{URL: testdb.Postgres(t)})
	a, b := two(t, db)
	first, second := db.Session(), db.Session()
	defer first.Close()
	defer second.Close()
	if err := errors.Join(set(t, first, a, 1), set(t, second, b, 2)); err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	var errs [2]error
	for i, s := range []*models.Session{first, second} {
		work.Go(func() {
			if errs[i] = set(t, s, []int64{b, a}[i], int64(i+1)); errs[i] != nil {
				_ = s.Rollback(t.Context()) // lets the other one go on
			}
		})
	}
	work.Wait()
	won, lost := 0, 1
	if errs[0] != nil {
		won, lost = 1, 0
	}
	if errs[won] != nil || !errors.Is(errs[lost], spillway.ErrDeadlock) {
		t.Fatalf("want one deadlock, got %v and %v", errs[0], errs[1])
	}
	if errors.Is(errs[lost], spillway.ErrPoolDeadlock) {
		t.Error("the server's deadlock is taken for one of the pool")
	}
	sessions := []*models.Session{first, second}
	if err := sessions[won].Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The loser tries again in the same session.
	for _, id := range []int64{b, a} {
		if err := set(t, sessions[lost], id, 7); err != nil {
			t.Fatal(err)
		}
	}
	if err := sessions[lost].Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range []int64{a, b} {
		if x, err := models.Get[entry](t.Context(), db, id); err != nil || x.Value != 7 {
			t.Errorf("row %d: %+v, %v", id, x, err)
		}
	}
}

// Two serializable transactions that each read what the other writes: one of them fails,
// often not before its COMMIT.
func TestSerializationFailure(t *testing.T) {
	db := open(t, spillway.Config{URL: withParam(t, testdb.Postgres(t), "default_transaction_isolation", "serializable")})
	a, b := two(t, db)
	first, second := db.Session(), db.Session()
	defer first.Close()
	defer second.Close()
	sum := models.Raw[int64]("SELECT CAST(sum(value) AS bigint) FROM entries") // no ReadOnly: in the transaction
	for _, s := range []*models.Session{first, second} {
		if err := set(t, s, -1, 0); err != nil { // begins
			t.Fatal(err)
		}
		if _, err := models.One(t.Context(), s, sum); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(set(t, first, a, 1), first.Commit(t.Context())); err != nil {
		t.Fatal(err)
	}
	err := set(t, second, b, 1)
	if err == nil {
		err = second.Commit(t.Context())
	}
	if !errors.Is(err, spillway.ErrSerialization) {
		t.Fatalf("want ErrSerialization, got %v", err)
	}
	if err := second.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(set(t, second, b, 1), second.Commit(t.Context())); err != nil {
		t.Fatalf("the second try: %v", err)
	}
	if n, err := models.One(t.Context(), db, sum); err != nil || n != 2 {
		t.Errorf("the sum is %d, want 2 (%v)", n, err)
	}
}

// The constraint kinds have one name on every backend, through a verb and a commit.
func TestConstraintKindsThroughModels(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db := open(t, spillway.Config{URL: url})
		two(t, db)
		s := db.Session()
		defer s.Close()
		s.Add(&entry{Token: "a"})
		for what, err := range map[string]error{
			"Create": models.Create(t.Context(), db, &entry{Token: "a"}),
			"Commit": s.Commit(t.Context()),
		} {
			var e *spillway.Error
			if !errors.Is(err, spillway.ErrUnique) || !errors.As(err, &e) || e.Table != "entries" || e.Column != "token" {
				t.Errorf("%s: want ErrUnique of entries.token, got %v", what, err)
			}
		}
	})
}
