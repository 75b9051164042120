package async

import (
	"context"
	"errors"

	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/pool"
)

// A Relation is the address of a relation field of an object, as in
// Load(ctx, &user.Posts): of a models.HasMany, HasOne or BelongsTo.
type Relation[R any] interface{ Loading() link.Loading[R] }

// Load loads a relation of an object, unless it is loaded, and returns what it leads to:
// the Load methods of package models as a future. The objects that came with the same
// result are served along, so many of these calls share one statement, whether or not
// they are awaited in between. It runs where the object is from: in its session, or on
// the database. ctx is the life of the operation; if the call whose statement is shared
// is canceled, another one sends its own.
func Load[R any](ctx context.Context, rel Relation[R]) *Future[R] {
	l := rel.Loading()
	if l.Err != nil {
		return Failed[R](l.Err)
	}
	if l.Chain == nil {
		return settled(l.Read())
	}
	h, own := l.Host.(carrier)
	if l.Host != nil && !own { // a blocking session lets in one goroutine at a time
		f, settle := New[R]()
		go func() {
			err := l.Host.Carry(ctx, l.Chain)
			var v R
			if err == nil {
				v, err = l.Read()
			}
			settle(v, err)
		}()
		return f
	}
	l.Flights.Lock()
	defer l.Flights.Unlock()
	if from, ok := l.Flights.Now[l.Key].(*Future[struct{}]); ok && !from.settled.Load() {
		s := &sibling[R]{ctx: ctx, rel: rel, from: from, out: new(Future[R])}
		s.out.src, s.w.to = s, s
		from.watch(&s.w)
		return s.out
	}
	var f *Future[struct{}]
	if own {
		f = send(ctx, h.s.lentTo(ctx), reading, l.Chain)
	} else {
		f = start(ctx, l.Runner, l.Chain)
	}
	if l.Flights.Now == nil {
		l.Flights.Now = map[any]any{}
	}
	l.Flights.Now[l.Key] = f
	return Map(f, func(struct{}) (R, error) { return l.Read() })
}

func settled[T any](v T, err error) *Future[T] {
	if err != nil {
		return Failed[T](err)
	}
	return Resolved(v)
}

// sibling is the source of the future of a load that another load serves along.
type sibling[R any] struct {
	ctx  context.Context
	rel  Relation[R]
	from *Future[struct{}]
	w    watch
	out  *Future[R]
}

func (s *sibling[R]) notice(*watch) {
	err := s.from.failure()
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, pool.ErrNotStarted) {
		var zero R
		s.out.settle(zero, err)
		return
	}
	go func() { // the relation is loaded by now, or this load is on its own
		if !s.out.settled.Load() {
			s.out.follow(Load(s.ctx, s.rel))
		}
	}()
}

func (s *sibling[R]) cancel(cause error) bool {
	s.from.unwatch(&s.w)
	return s.out.abandon(cause)
}

func (s *sibling[R]) lend(ctx context.Context) { s.from.lend(ctx) }

// carrier lets objects reach their session.
type carrier struct{ s *Session }

// Carry implements link.Host.
func (h carrier) Carry(ctx context.Context, c link.Chain[struct{}]) error {
	if h.s.unit.InHook(ctx) {
		return h.s.unit.CarryInHook(ctx, c)
	}
	return send(ctx, h.s.lentTo(ctx), reading, c).Wait(ctx)
}
