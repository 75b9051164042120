package integration

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

// Two hundred goroutines on a few connections through PgBouncer, which has fewer of the
// server's: what they send together stays apart, and every answer is its caller's own.
func TestTrafficThroughPgBouncer(t *testing.T) {
	through := testdb.PgBouncer(t, testdb.Postgres(t), "default_pool_size = 3")
	db := open(t, spillway.Config{URL: through, Pooler: spillway.TransactionPooler, Size: 8, Overflow: spillway.NoOverflow})
	const goroutines, rounds = 200, 10
	var work sync.WaitGroup
	for g := range goroutines {
		work.Go(func() {
			if err := throughPgBouncer(t, db, int64(g), rounds); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	// A name would be left on a connection of the server that others get next.
	named := models.Raw[int64]("SELECT count(*) FROM pg_prepared_statements")
	for range 20 {
		work.Go(func() {
			if n, err := models.One(t.Context(), db, named); err != nil || n != 0 {
				t.Errorf("%d statements were prepared under a name (%v)", n, err)
			}
		})
	}
	work.Wait()
	n, err := models.Count(t.Context(), db, models.From(entryT))
	if err != nil || n != 2*goroutines*rounds {
		t.Errorf("%d rows are stored, want %d (%v)", n, 2*goroutines*rounds, err)
	}
}

// throughPgBouncer writes and reads rows of its own, in all the ways statements travel.
func throughPgBouncer(t *testing.T, db *spillway.DB, owner int64, rounds int) error {
	ctx := t.Context()
	for i := range rounds {
		x := &entry{Owner: owner, Token: fmt.Sprintf("alone %d %d", owner, i), Value: int64(i)}
		if err := models.Create(ctx, db, x); err != nil {
			return err
		}
		s := db.Session()
		y := &entry{Owner: owner, Token: fmt.Sprintf("session %d %d", owner, i), Value: int64(i)}
		s.Add(y)
		err := s.Commit(ctx)
		s.Close()
		if err != nil {
			return err
		}
		as := db.AsyncSession()
		one, other := async.Get[entry](ctx, as, x.ID), async.Get[entry](ctx, as, y.ID)
		mine := async.Count(ctx, as, models.From(entryT).Where(models.Eq(&entryT.Owner, owner)))
		a, err1 := one.Await(ctx)
		b, err2 := other.Await(ctx)
		n, err3 := mine.Await(ctx)
		as.Close()
		if err := errors.Join(err1, err2, err3); err != nil {
			return err
		}
		if a.Token != x.Token || b.Token != y.Token || n != int64(2*(i+1)) {
			return fmt.Errorf("goroutine %d got %q, %q and %d rows", owner, a.Token, b.Token, n)
		}
		if err := models.Create(ctx, db, &entry{Owner: owner, Token: x.Token}); !errors.Is(err, spillway.ErrUnique) {
			return fmt.Errorf("a token that is taken: %v, want ErrUnique", err)
		}
	}
	return nil
}
