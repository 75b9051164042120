package demo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/models"
)

// The load that the page's button makes.
const (
	loadCallers = 64
	loadTime    = 5 * time.Second
	// loadSearchers are those of the callers that search all names instead: work that is
	// slow, so that the pool grows.
	loadSearchers = 2
)

// loadNote says on the page what the button does.
var loadNote = fmt.Sprintf("%d callers look declarations up for %g seconds.", loadCallers, loadTime.Seconds())

// load makes many callers look things up until ctx ends, and returns how many answers
// came. The end of ctx is no error.
func (s *store) load(ctx context.Context) (int64, error) {
	ids, err := async.One(ctx, s.db, models.Select2(
		models.Coalesce(models.Min(&declT.ID), 0), models.Coalesce(models.Max(&declT.ID), 0)).From(declT)).Await(ctx)
	if err != nil || ids.B == 0 {
		return 0, err
	}
	lowest, highest := ids.A, ids.B
	var answers atomic.Int64
	g, gctx := errgroup.WithContext(ctx)
	for caller := range loadCallers {
		g.Go(func() error {
			for gctx.Err() == nil {
				var err error
				if caller < loadSearchers {
					_, _, err = s.search(gctx, searchQuery{Query: string(rune('a' + rand.IntN(26)))}, hitLimit)
				} else {
					_, err = async.Get[Declaration](gctx, s.db, lowest+rand.Int64N(highest-lowest+1)).Await(gctx)
				}
				switch {
				case err == nil, errors.Is(err, models.ErrNotFound): // deleted in between
					answers.Add(1)
				case gctx.Err() == nil:
					return err
				}
			}
			return nil
		})
	}
	err = g.Wait()
	return answers.Load(), err
}
