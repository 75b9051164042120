package integration

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

// 200 goroutines, each with a session of its own, do what comes to their mind; each
// knows what its rows have to be.
func TestManySessions(t *testing.T) {
	t.Parallel()
	const owners, transactions = 200, 6
	testdb.Both(t, func(t *testing.T, url string) {
		db := open(t, spillway.Config{URL: url})
		var work sync.WaitGroup
		lives := make([]*life, owners)
		for i := range lives {
			lives[i] = &life{owner: int64(i), rng: rand.New(rand.NewPCG(uint64(i), 17)), stored: map[string]int64{}}
			work.Go(func() {
				if err := lives[i].run(t.Context(), db, transactions); err != nil {
					t.Errorf("owner %d: %v", i, err)
				}
			})
		}
		work.Wait()
		want := map[string]int64{}
		for _, l := range lives {
			maps.Copy(want, l.stored)
		}
		rows, err := models.All(t.Context(), db, models.From(entryT))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int64{}
		for _, x := range rows {
			got[x.Token] = x.Value
		}
		if !maps.Equal(got, want) || len(rows) != len(want) {
			t.Errorf("%d rows are stored, want %d, with the values of their owners", len(rows), len(want))
		}
		// A worker parks after those that waited for it have gone on.
		eventually(t, 10*time.Second, "nothing is used, taken or waiting", func() bool {
			s := db.Stats()
			return s.Used+s.Leased+s.Waiting == 0
		})
		s := db.Stats()
		t.Logf("%d rows, %d commits, %d rollbacks, %d leases on %d connections", len(rows), s.Commits, s.Rollbacks, s.Leases, s.Connects)
		if len(want) == 0 || s.Rollbacks == 0 {
			t.Error("nothing happened")
		}
	})
}

// A life is one goroutine's: stored is what its committed rows have to be, by token.
type life struct {
	owner  int64
	rng    *rand.Rand
	stored map[string]int64
	tokens int
}

func (l *life) run(ctx context.Context, db *spillway.DB, transactions int) error {
	for range transactions {
		s := db.Session()
		err := l.session(ctx, s)
		s.Close()
		if err != nil {
			return err
		}
		if err := l.check(ctx, db, l.stored); err != nil {
			return fmt.Errorf("after the session: %w", err)
		}
	}
	return nil
}

// session does some transactions in one session and ends it in the middle of one.
func (l *life) session(ctx context.Context, s *models.Session) error {
	for range 1 + l.rng.IntN(2) {
		now := maps.Clone(l.stored) // with what is not committed yet
		mine, err := models.All(ctx, s, models.From(entryT).Where(models.Eq(&entryT.Owner, l.owner)).OrderBy(models.Asc(&entryT.Token)))
		if err != nil {
			return err
		}
		for range 1 + l.rng.IntN(6) {
			if mine, err = l.step(ctx, s, now, mine); err != nil {
				return err
			}
		}
		switch l.rng.IntN(5) {
		case 0:
			if err := s.Rollback(ctx); err != nil {
				return fmt.Errorf("rollback: %w", err)
			}
		case 1:
			return nil // Close rolls back
		default:
			if err := s.Commit(ctx); err != nil {
				return fmt.Errorf("commit: %w", err)
			}
			l.stored = now
		}
		if err := l.check(ctx, s, l.stored); err != nil {
			return fmt.Errorf("behind the transaction: %w", err)
		}
	}
	return nil
}

// step adds, changes, deletes, flushes or reads.
func (l *life) step(ctx context.Context, s *models.Session, now map[string]int64, mine []*entry) ([]*entry, error) {
	switch what := l.rng.IntN(10); {
	case what < 4 || len(mine) == 0:
		l.tokens++
		x := &entry{Owner: l.owner, Token: fmt.Sprintf("%d/%d", l.owner, l.tokens), Value: l.rng.Int64N(1000)}
		s.Add(x)
		now[x.Token] = x.Value
		return append(mine, x), nil
	case what < 6:
		x := mine[l.rng.IntN(len(mine))]
		x.Value++
		now[x.Token] = x.Value
	case what == 6:
		i := l.rng.IntN(len(mine))
		s.Delete(mine[i])
		delete(now, mine[i].Token)
		return slices.Delete(mine, i, i+1), nil
	case what == 7:
		if err := s.Flush(ctx); err != nil {
			return nil, fmt.Errorf("flush: %w", err)
		}
	case what == 8: // a row that breaks a rule takes nothing with it
		if len(l.stored) == 0 {
			break
		}
		taken := slices.Sorted(maps.Keys(l.stored))[0]
		if _, there := now[taken]; !there {
			break // deleted in this transaction
		}
		if err := models.Create(ctx, s, &entry{Owner: l.owner, Token: taken}); !errors.Is(err, spillway.ErrUnique) {
			return nil, fmt.Errorf("a token that is taken: %w", err)
		}
	default:
		if err := l.check(ctx, s, now); err != nil {
			return nil, fmt.Errorf("in the transaction: %w", err)
		}
	}
	return mine, nil
}

// check reads the owner's rows and compares them.
func (l *life) check(ctx context.Context, h models.Handle, want map[string]int64) error {
	rows, err := models.All(ctx, h, models.From(entryT).Where(models.Eq(&entryT.Owner, l.owner)))
	if err != nil {
		return err
	}
	got := map[string]int64{}
	for _, x := range rows {
		got[x.Token] = x.Value
	}
	if len(rows) != len(want) || !maps.Equal(got, want) {
		return fmt.Errorf("rows are %v, want %v", got, want)
	}
	return nil
}
