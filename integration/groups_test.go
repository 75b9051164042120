package integration

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// Every way to write that can share a commit, in 64 goroutines at once on a SQLite file;
// some of it fails, and some callers lose their patience. Each answer has to be the truth.
func TestGroupedWritesTellTheTruth(t *testing.T) {
	for name, policy := range map[string]pool.GroupPolicy{"grouped": pool.GroupAuto, "each its own commit": pool.GroupOff} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, spillway.Config{URL: testdb.SQLite(t), GroupWrites: policy})
			const writers, each = 64, 25
			// taken is there already: who wants it again must fail, and nobody else.
			if err := models.Create(t.Context(), db, &entry{Token: "taken"}); err != nil {
				t.Fatal(err)
			}
			want := map[string]int64{"taken": 0}
			maybe := map[string]bool{} // callers who left and do not know
			var mu sync.Mutex
			var refused atomic.Int64
			var busy sync.WaitGroup
			for w := range writers {
				busy.Go(func() {
					for i := range each {
						tokens, value, err := writeSomehow(t.Context(), db, w, i)
						mu.Lock()
						for _, token := range tokens {
							switch {
							case err == nil:
								want[token] = value
							case errors.Is(err, spillway.ErrUnique), errors.Is(err, pool.ErrNotStarted):
								refused.Add(1)
							case errors.Is(err, spillway.ErrOutcomeUnknown), errors.Is(err, context.Canceled):
								maybe[token] = true
							default:
								t.Errorf("%s: %v", token, err)
							}
						}
						mu.Unlock()
					}
				})
			}
			busy.Wait()
			rows, err := models.All(t.Context(), db, models.From(entryT))
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int64{}
			for _, x := range rows {
				got[x.Token] = x.Value
			}
			for token, value := range want {
				if v, ok := got[token]; !ok || v != value {
					t.Errorf("%s: acknowledged with %d, stored %d (%v)", token, value, v, ok)
				}
			}
			for token := range got {
				if _, ok := want[token]; !ok && !maybe[token] {
					t.Errorf("%s is stored, but had failed", token)
				}
			}
			s := db.Stats().SharedWrites
			t.Logf("%d rows, %d refused, %d in doubt; %d writes shared %d commits", len(got), refused.Load(), len(maybe), s.Sum, s.Count)
			if grouped := policy == pool.GroupAuto; grouped != (s.Sum > 0) {
				t.Errorf("%d writes shared commits", s.Sum)
			}
			if refused.Load() == 0 {
				t.Error("nothing failed")
			}
		})
	}
}

// writeSomehow writes one or two rows in one of many ways, and returns their tokens.
func writeSomehow(ctx context.Context, db *spillway.DB, w, i int) (tokens []string, value int64, err error) {
	token := fmt.Sprintf("%d/%d", w, i)
	tokens, value = []string{token}, int64(i)
	x := &entry{Owner: int64(w), Token: token, Value: value}
	switch (w + i) % 7 {
	case 0:
		return tokens, value, models.Create(ctx, db, x)
	case 1: // its UPDATE is a write of its own
		if err := models.Create(ctx, db, x); err != nil {
			return tokens, value, err
		}
		value += 1000
		_, err = models.Exec(ctx, db, models.Update(entryT).Set(models.To(&entryT.Value, value)).Where(models.Eq(&entryT.ID, x.ID)))
		return tokens, value, err
	case 2:
		s := db.Session()
		defer s.Close()
		s.Add(x, &entry{Owner: int64(w), Token: token + "b", Value: value})
		return append(tokens, token+"b"), value, s.Commit(ctx)
	case 3: // fails as a whole
		s := db.Session()
		defer s.Close()
		s.Add(x, &entry{Owner: int64(w), Token: "taken"})
		return tokens, value, s.Commit(ctx)
	case 4:
		as := db.AsyncSession()
		defer as.Close()
		as.Add(x)
		return tokens, value, as.Commit(ctx).Wait(ctx)
	case 5: // canceled at some moment
		f := async.Create(ctx, db, x)
		f.Cancel(context.Canceled)
		return tokens, value, f.Wait(ctx)
	default:
		err := models.Create(ctx, db, &entry{Owner: int64(w), Token: "taken"})
		return []string{token}, value, err
	}
}
