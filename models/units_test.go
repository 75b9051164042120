package models_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// A purse and its mint have keys that the program gives them, so that both are inserted in
// one round trip.
type (
	purseRow struct {
		Code string `db:",pk"`
		Name string
	}
	mintRow struct {
		Code string `db:",pk"`
		Mark string `db:",unique"`
	}
)

// A session that adds objects to several tables and commits shares the commit of others,
// and is there as a whole or not at all. Seen to fail: with flush.share returning where
// there is more than one statement nothing is shared.
func TestSessionsOfSeveralStatementsShareACommit(t *testing.T) {
	r := models.NewRegistry()
	purse, mint := models.RegisterIn[purseRow](r), models.RegisterIn[mintRow](r)
	url := testdb.Postgres(t)
	e, p := openPool(t, url, r)
	must(t, models.CreateTables(t.Context(), e))
	must(t, models.Create(t.Context(), e, &mintRow{Code: "first", Mark: "taken"}))
	const goroutines, times = 200, 3
	var done atomic.Int64
	// crowd has all sessions of a round done, and answers how many writes shared.
	crowd := func(e *models.Engine, p *pool.Pool, round string) int {
		before := p.Stats().SharedWrites.Sum
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				for i := range times {
					code := fmt.Sprint(round, " ", g, "-", i)
					x := &mintRow{Code: code, Mark: code}
					fails := (g*times+i)%100 == 7
					if fails {
						x.Mark = "taken"
					}
					s := models.NewSession(e, t.Name())
					s.Add(&purseRow{Code: code, Name: code}, x)
					err := s.Commit(t.Context())
					s.Close()
					if fails && !errors.Is(err, driver.ErrUnique) || !fails && err != nil {
						t.Errorf("%s: %v", code, err)
					}
					_, gone := models.Get[purseRow](t.Context(), e, code)
					if fails != errors.Is(gone, models.ErrNotFound) || !fails && gone != nil {
						t.Errorf("%s after %v: %v", code, err, gone)
					}
					if !fails {
						done.Add(1)
					}
				}
			})
		}
		wg.Wait()
		purses, mints := count(t, e, purse), count(t, e, mint)
		if purses != done.Load() || mints != done.Load()+1 {
			t.Errorf("%d sessions committed, %d and %d rows", done.Load(), purses, mints-1)
		}
		return int(p.Stats().SharedWrites.Sum - before)
	}
	open := pool.Config{}.WithDefaults().GroupWrites != pool.GroupOff
	shared := 0
	for round := 0; round == 0 || open && shared == 0 && round < 10; round++ { // a busy machine may look slow
		shared = crowd(e, p, fmt.Sprint("round ", round))
	}
	if (shared > 0) != open {
		t.Errorf("%d sessions shared commits", shared)
	}

	// One of the tables does more than its statement says, so the whole session is alone.
	_, err := models.Exec(t.Context(), e, models.Raw[int64]("CREATE FUNCTION strike() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NOTIFY struck; RETURN NEW; END'"))
	must(t, err)
	_, err = models.Exec(t.Context(), e, models.Raw[int64]("CREATE TRIGGER strike AFTER INSERT ON mint_rows FOR EACH ROW EXECUTE FUNCTION strike()"))
	must(t, err)
	e, p = openPool(t, url, r)
	if shared = crowd(e, p, "struck"); shared != 0 {
		t.Errorf("%d sessions shared commits on a table with a trigger", shared)
	}
}

// An INSERT that becomes several statements, since some of its objects have keys and
// others get theirs, is a unit too.
func TestAnInsertOfSeveralStatementsSharesACommit(t *testing.T) {
	r := models.NewRegistry()
	proto := models.RegisterIn[counterRow](r)
	e, p := openPool(t, testdb.Postgres(t), r)
	must(t, models.CreateTables(t.Context(), e))
	const goroutines = 100
	open := pool.Config{}.WithDefaults().GroupWrites != pool.GroupOff
	rounds := 0
	for rounds == 0 || open && p.Stats().SharedWrites.Sum == 0 && rounds < 10 {
		rounds++
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				name := fmt.Sprint(rounds, "-", g)
				given := &counterRow{Name: name + " given"}
				given.ID = int64(1_000_000*rounds + g)
				got := &counterRow{Name: name + " got"}
				if n, err := models.Exec(t.Context(), e, models.Insert(given, got)); n != 2 || err != nil {
					t.Errorf("%s: %d rows, %v", name, n, err)
				}
			})
		}
		wg.Wait()
	}
	if n := count(t, e, proto); n != int64(rounds*goroutines*2) {
		t.Errorf("%d rows", n)
	}
	if shared := p.Stats().SharedWrites.Sum; (shared > 0) != open {
		t.Errorf("%d shared", shared)
	}
}
