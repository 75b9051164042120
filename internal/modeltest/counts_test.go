package modeltest

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

// counted runs f on both backends, blocking and by futures, with a count of what the
// database itself was sent: Execute messages that crossed a proxy in front of Postgres,
// and statements that SQLite traced. trips are round trips, 0 where there is no network.
func counted(t *testing.T, f func(s side, sent func() (statements, trips int))) {
	run := func(t *testing.T, url string, sent func() (int, int)) {
		// One connection: what a second one costs to open would count too.
		db, err := spillway.Open(t.Context(), spillway.Config{URL: url, Size: 1, Overflow: spillway.NoOverflow})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := models.CreateTables(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		poets(side{t, db, false}, 10, 5)
		t.Run("blocking", func(t *testing.T) { f(side{t, db, false}, sent) })
		t.Run("async", func(t *testing.T) { f(side{t, db, true}, sent) })
	}
	t.Run("postgres", func(t *testing.T) {
		p := testdb.NewProxy(t, testdb.Postgres(t))
		run(t, p.URL(), func() (int, int) {
			c := p.Reset()
			return c.Execute + c.Query, c.RoundTrips
		})
	})
	t.Run("sqlite", func(t *testing.T) {
		var n atomic.Int64
		stop := sqlite.Trace(func(sql string) {
			if !strings.HasPrefix(sql, "PRAGMA") {
				n.Add(1)
			}
		})
		defer stop()
		run(t, testdb.SQLite(t), func() (int, int) { return int(n.Swap(0)), 0 })
	})
}

func TestStatementsOfEachStrategy(t *testing.T) {
	counted(t, func(s side, sent func() (int, int)) {
		loop := func(from *session) error {
			ps, err := all(from, models.From(poetT))
			for _, p := range ps {
				if _, err := loadMany(from, &p.Poems); err != nil {
					return err
				}
			}
			return err
		}
		query := func(loads ...models.Loading) func(from *session) error {
			return func(from *session) error {
				_, err := all(from, models.From(poetT).With(loads...))
				return err
			}
		}
		for _, c := range []struct {
			name              string
			run               func(from *session) error
			statements, trips int
		}{
			{"selectin of one level", query(models.SelectIn(&poetT.Poems)), 2, 2},
			{"selectin of two levels", query(models.SelectIn(&poetT.Poems, models.SelectIn(&poemT.Moods))), 3, 3},
			{"joined", query(models.Joined(&poetT.Poems, models.Joined(&poemT.Moods)), models.Joined(&poetT.Desk)), 1, 1},
			{"joined, which has to be there", func(from *session) error {
				ps, err := all(from, models.From(poemT).With(models.Joined(&poemT.Poet, models.InnerJoin())))
				if err == nil && len(ps) != 50 {
					err = fmt.Errorf("%d poems", len(ps))
				}
				return err
			}, 1, 1},
			{"subquery", query(models.Subquery(&poetT.Poems)), 2, 2},
			{"a lazy loop", loop, 2, 2},
			{"siblings", query(models.SelectIn(&poetT.Poems), models.SelectIn(&poetT.Desk)), 3, 2},
			{"page", func(from *session) error {
				var err error
				if q := models.From(poetT).Limit(2); from.async {
					_, err = async.Page(s.Context(), from.target(), q).Await(s.Context())
				} else {
					_, err = models.Page(s.Context(), from.handle(), q)
				}
				return err
			}, 2, 1},
			{"counts of what was loaded", func(from *session) error {
				ps, err := all(from, models.From(poetT))
				if err != nil {
					return err
				}
				var n []int64
				if from.async {
					n, err = async.CountEach(s.Context(), from.target(), ps, &poetT.Poems).Await(s.Context())
				} else {
					n, err = models.CountEach(s.Context(), from.handle(), ps, &poetT.Poems)
				}
				if err == nil && (len(n) != 10 || n[9] != 5) {
					err = fmt.Errorf("counts %v", n)
				}
				return err
			}, 2, 2},
			{"counted", func(from *session) error {
				_, err := all(from, models.Select2(models.Col(&poetT.Name), models.Counted(&poetT.Poems)))
				return err
			}, 1, 1},
		} {
			for _, from := range s.sources() {
				s.must(c.run(from)) // statements are prepared
				from = map[bool]*session{true: s.direct(), false: s.session()}[from.blocking == nil && from.futures == nil]
				sent()
				s.must(c.run(from))
				statements, trips := sent()
				if statements != c.statements || trips != 0 && trips != c.trips {
					s.Errorf("%s: %d statements in %d round trips, want %d in %d", c.name, statements, trips, c.statements, c.trips)
				}
			}
		}
	})
}
