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
	// searchEvery is how many lookups by key a caller makes to one search over all names.
	searchEvery = 100
)

// loadNote says on the page what the button does.
var loadNote = fmt.Sprintf("%d callers look declarations up for %s.", loadCallers, seconds(loadTime.Seconds()))

// load makes many callers look things up until ctx ends, and returns how many answers
// came. The end of ctx is no error.
func (s *store) load(ctx context.Context) (int64, error) {
	ids, err := async.All(ctx, s.db, models.Select2(models.Min(&declT.ID), models.Max(&declT.ID)).Where(models.Gt(&declT.ID, 0))).Await(ctx)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	lowest, highest := ids[0].A, ids[0].B
	var answers atomic.Int64
	g, gctx := errgroup.WithContext(ctx)
	for range loadCallers {
		g.Go(func() error {
			for n := rand.IntN(searchEvery); gctx.Err() == nil; n++ {
				var err error
				if n%searchEvery == 0 {
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
