package link

import "github.com/spillwaydb/spillway/pool"

// A Chain is a verb compiled to operations, carried out one after another: the next
// level of a load, the next level of a flush, COMMIT. Whoever drives it calls Next,
// carries the operation out, and calls Next again when that has ended; a nil operation
// is the end, and then Result is called once. Package models drives a chain in the
// calling goroutine, package async makes a future of it.
//
// A chain is driven by one goroutine at a time, with a happens-before edge from each to
// the next, so it needs no lock. Next and Result run on the pool's workers: they must
// not block, must not wait for another operation, must not run user code and must not
// touch an identity map. A chain whose last operation ended with an error of its own
// (pool.Op.Err) may return further operations only to clean up.
type Chain[T any] interface {
	// Next reads the answers of the operation it returned last and returns the next
	// one, or nil at the end. It may return the same operation, filled anew.
	Next() *pool.Op
	// Result returns what became of the chain.
	Result() (T, error)
}

// A Finisher is a [Chain] with a last step that runs user code, such as a hook or a
// sql.Scanner. Finish is called once, after Next returned nil, in place of Result, and
// never on a worker.
type Finisher[T any] interface {
	Chain[T]
	Finish() (T, error)
}
