package async

import (
	"context"
	"fmt"
	"iter"

	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/models"
)

// Each is [models.Each] that reads ahead: while the loop works on one chunk of the rows
// (see models.Query.Chunk), the next one is under way, so the loop waits for the database
// only where that is slower. Nothing is sent before the loop begins, two chunks at most
// are held, and when the loop has ended, however, nothing is under way any more.
//
//	for u, err := range async.Each(ctx, as, q) {
//		if err != nil {
//			return err
//		}
//		…
//	}
//
// An error is the last pair. What the loop writes is not seen in the chunk that is under
// way, where models.Each may see it. In a [Session] each chunk is a call that stands in its
// queue like any other, so other calls go on between; such a query must go by key, as
// models.Each explains, and whatever needs a connection until the loop ends is an error
// there that says why: range over it on the *spillway.DB. The sequence may be ranged over
// several times, each of which asks the database anew.
func Each[R any](ctx context.Context, h Handle, q models.Query[R]) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		if err := readAhead(ctx, h, q, yield); err != nil {
			var zero R
			yield(zero, err)
		}
	}
}

// readAhead gives yield all rows. It returns what went wrong, unless yield wants no more.
func readAhead[R any](ctx context.Context, h Handle, q models.Query[R], yield func(R, error) bool) error {
	s, err := models.StreamOf(q)
	if err != nil {
		return err
	}
	engine, session := h.target()
	held := s.Keyed()
	if session != nil && held != nil {
		return fmt.Errorf("%w; an async.Session gives no connection away for that: use the *spillway.DB, or All", held)
	}
	ctx, cancel := context.WithCancel(ctx)
	var ahead *Future[[]R] // the chunk that is under way; nil behind the last
	next := func() {
		switch {
		case s.Done():
			ahead = nil
		case held == nil:
			ahead = submit(ctx, h, kindOf(q), func(t models.Target) link.Chain[[]R] { return s.CallNext(t) })
		default:
			f, settle := New[[]R]()
			go func() { settle(s.Next(ctx, engine)) }()
			ahead = f
		}
	}
	defer func() {
		cancel()
		if ahead != nil {
			_ = ahead.Wait(context.WithoutCancel(ctx))
		}
		s.Close(ctx)
	}()
	for next(); ahead != nil; {
		rows, err := ahead.Await(ctx)
		if err != nil {
			return err
		}
		s.Took(len(rows))
		next()
		for _, r := range rows {
			if !yield(r, nil) {
				return nil
			}
		}
	}
	return nil
}
