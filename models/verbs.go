package models

import (
	"context"
	"reflect"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/link"
)

// All returns the rows of q, an empty slice (nil) if there are none. In a session
// objects that it knows already come back as they are; see [Session].
func All[R any](ctx context.Context, h Handle, q Query[R]) ([]R, error) {
	var rows []R
	_, err := fetch(ctx, h, q.q, wantAll, (*rowRange)(unsafe.Pointer(&rows)))
	return rows, err
}

// First returns the first row of q, or [ErrNotFound].
func First[R any](ctx context.Context, h Handle, q Query[R]) (R, error) {
	return valueAt[R](fetch(ctx, h, q.q, wantFirst, nil))
}

// One returns the only row of q: none is [ErrNotFound], more than one [ErrMultiple].
func One[R any](ctx context.Context, h Handle, q Query[R]) (R, error) {
	return valueAt[R](fetch(ctx, h, q.q, wantOne, nil))
}

// Count returns the number of rows of q: with Limit at most that, with GroupBy the
// number of groups.
func Count[R any](ctx context.Context, h Handle, q Query[R]) (int64, error) {
	return count(ctx, h, q.q)
}

// Exists reports whether q has a row.
func Exists[R any](ctx context.Context, h Handle, q Query[R]) (bool, error) {
	return exists(ctx, h, q.q)
}

// Exec carries q out without reading rows and returns the number of rows that it
// changed.
func Exec[R any](ctx context.Context, h Handle, q Query[R]) (int64, error) {
	return exec(ctx, h, q.q)
}

// Get returns the object of T with that key, or [ErrNotFound]. The key is a value of
// the key field's type or a constant that fits it; for a composite key a [Key]. In a
// session an object that it knows already is returned without asking the database.
func Get[T any](ctx context.Context, h Handle, key any) (*T, error) {
	obj, err := get(ctx, h, reflect.TypeFor[T](), makerOf[T](), key)
	return (*T)(obj), err
}

// Create inserts x at once and fills in what the database makes, such as the key. In a
// session that is Add and Flush in one.
func Create[T any](ctx context.Context, h Handle, x *T) error {
	return createOn(ctx, h, reflect.TypeFor[T](), x, unsafe.Pointer(x))
}

// What the verbs do apart from types.

func count(ctx context.Context, h Handle, q *query) (int64, error) {
	return valueAt[int64](perform(ctx, h, func(t Target) steps { return askCount(t, q) }))
}

func exists(ctx context.Context, h Handle, q *query) (bool, error) {
	return valueAt[bool](perform(ctx, h, func(t Target) steps { return askExists(t, q) }))
}

func exec(ctx context.Context, h Handle, q *query) (int64, error) {
	return valueAt[int64](perform(ctx, h, func(t Target) steps { return askEffect(t, q) }))
}

func createOn(ctx context.Context, h Handle, typ reflect.Type, x any, obj unsafe.Pointer) error {
	_, err := run(ctx, h, func(t Target) link.Chain[struct{}] { return callCreate(t, typ, x, obj) })
	return err
}

func askCount(t Target, q *query) steps {
	return askScalar(t, q, "Count", int64Codec, makerOf[int64](), writeCount)
}

func askExists(t Target, q *query) steps {
	return askScalar(t, q, "Exists", boolExprCodec, makerOf[bool](), writeExists)
}

// CallAll compiles [All]. The functions that begin with Call are for package async.
func CallAll[R any](t Target, q Query[R]) link.Chain[[]R] {
	return chainOf[[]R](askRows(t, q.q, wantAll))
}

// CallFirst compiles [First].
func CallFirst[R any](t Target, q Query[R]) link.Chain[R] {
	return chainOf[R](askRows(t, q.q, wantFirst))
}

// CallOne compiles [One].
func CallOne[R any](t Target, q Query[R]) link.Chain[R] {
	return chainOf[R](askRows(t, q.q, wantOne))
}

// CallCount compiles [Count].
func CallCount[R any](t Target, q Query[R]) link.Chain[int64] { return callCount(t, q.q) }

func callCount(t Target, q *query) link.Chain[int64] { return chainOf[int64](askCount(t, q)) }

// CallExists compiles [Exists].
func CallExists[R any](t Target, q Query[R]) link.Chain[bool] { return callExists(t, q.q) }

func callExists(t Target, q *query) link.Chain[bool] { return chainOf[bool](askExists(t, q)) }

// limit returns the LIMIT of q, 0 if there is none.
func (q *query) limit() int {
	if q == nil {
		return 0
	}
	if p, ok := limitOf(q); ok {
		return p
	}
	return 0
}

// atMost lowers the LIMIT of q to n.
func (q *query) atMost(n int) *query {
	if q == nil || q.err != nil || q.kind != selectQuery {
		return q
	}
	if have, ok := limitOf(q); ok && have <= n {
		return q
	}
	return q.limitTo(n)
}
