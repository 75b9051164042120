package async

import (
	"context"

	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/models"
)

// Get is [models.Get] as a future: the object of T with that key.
func Get[T any](ctx context.Context, h Handle, key any) *Future[*T] {
	return submit(ctx, h, reading, func(t models.Target) link.Chain[*T] { return models.CallGet[T](t, key) })
}

// All is [models.All] as a future: the rows of q.
func All[R any](ctx context.Context, h Handle, q models.Query[R]) *Future[[]R] {
	return submit(ctx, h, kindOf(q), func(t models.Target) link.Chain[[]R] { return models.CallAll(t, q) })
}

// First is [models.First] as a future: the first row of q.
func First[R any](ctx context.Context, h Handle, q models.Query[R]) *Future[R] {
	return submit(ctx, h, kindOf(q), func(t models.Target) link.Chain[R] { return models.CallFirst(t, q) })
}

// One is [models.One] as a future: the only row of q.
func One[R any](ctx context.Context, h Handle, q models.Query[R]) *Future[R] {
	return submit(ctx, h, kindOf(q), func(t models.Target) link.Chain[R] { return models.CallOne(t, q) })
}

// Count is [models.Count] as a future: the number of rows of q.
func Count[R any](ctx context.Context, h Handle, q models.Query[R]) *Future[int64] {
	return submit(ctx, h, kindOf(q), func(t models.Target) link.Chain[int64] { return models.CallCount(t, q) })
}

// Exists is [models.Exists] as a future: whether q has a row.
func Exists[R any](ctx context.Context, h Handle, q models.Query[R]) *Future[bool] {
	return submit(ctx, h, kindOf(q), func(t models.Target) link.Chain[bool] { return models.CallExists(t, q) })
}

// Page is [models.Page] as a future: the rows of q and the number of all rows, in one
// round trip.
func Page[R any](ctx context.Context, h Handle, q models.Query[R]) *Future[models.Paged[R]] {
	return submit(ctx, h, kindOf(q), func(t models.Target) link.Chain[models.Paged[R]] { return models.CallPage(t, q) })
}

// FilterBy is [models.FilterBy] as a future: the objects whose columns have the values.
func FilterBy[T any](ctx context.Context, h Handle, vals models.Vals) *Future[[]*T] {
	return submit(ctx, h, reading, func(t models.Target) link.Chain[[]*T] { return models.CallFilterBy[T](t, vals) })
}

// CountAll is [models.CountAll] as a future: the number of objects of T.
func CountAll[T any](ctx context.Context, h Handle) *Future[int64] {
	return submit(ctx, h, reading, models.CallCountAll[T])
}

// CountEach is [models.CountEach] as a future: for each of objs, how many objects the
// relation leads to. The keys of objs are read when the call begins.
func CountEach[T any](ctx context.Context, h Handle, objs []*T, field models.Relation, conds ...models.Cond) *Future[[]int64] {
	return submit(ctx, h, reading, func(t models.Target) link.Chain[[]int64] {
		return models.CallCountEach(t, objs, field, conds...)
	})
}

// Exec is [models.Exec] as a future: the number of rows that q changed.
func Exec[R any](ctx context.Context, h Handle, q models.Query[R]) *Future[int64] {
	return submit(ctx, h, changing, func(t models.Target) link.Chain[int64] { return models.CallExec(t, q) })
}

// Explain is [models.Explain] as a future: how the database would carry q out.
func Explain[R any](ctx context.Context, h Handle, q models.Query[R]) *Future[string] {
	return submit(ctx, h, reading, func(t models.Target) link.Chain[string] { return models.CallExplain(t, q) })
}

// Create is [models.Create] as a future: x is inserted and what the database makes is
// filled in. Until the future has settled x belongs to the operation.
func Create[T any](ctx context.Context, h Handle, x *T) *Future[struct{}] {
	return submit(ctx, h, changing, func(t models.Target) link.Chain[struct{}] { return models.CallCreate(t, x) })
}

func kindOf[R any](q models.Query[R]) jobKind {
	if models.Reads(q) {
		return reading
	}
	return changing
}
