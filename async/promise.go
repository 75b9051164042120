package async

// Resolved returns a future that has settled with v.
func Resolved[T any](v T) *Future[T] {
	f := &Future[T]{val: v}
	f.settled.Store(true)
	return f
}

// Failed returns a future that has settled with err, which must not be nil.
func Failed[T any](err error) *Future[T] {
	f := new(Future[T])
	var zero T
	f.settle(zero, err)
	return f
}

// New returns a future and the function that settles it, to bring work of another kind
// into combinators. The first call of settle wins and reports true. Cancel settles the
// future too; the work behind it learns that from Done, or from settle reporting false.
func New[T any]() (f *Future[T], settle func(T, error) bool) {
	f = new(Future[T])
	return f, f.settle
}
