package pool

import "errors"

// Errors of operations that were never carried out. Each arrives wrapped in an error
// that tells the state of the pool; match with errors.Is.
var (
	// ErrTimeout: no connection within Config.Timeout.
	ErrTimeout = errors.New("pool: no connection in time")
	// ErrQueueFull: Config.QueueLimit operations wait already.
	ErrQueueFull = errors.New("pool: queue is full")
	// ErrClosed: the pool was closed.
	ErrClosed = errors.New("pool: closed")
	// ErrPoolDeadlock: every connection belongs to an owner that waits for this pool.
	ErrPoolDeadlock = errors.New("pool: every connection's owner waits for this pool")
	// ErrReleased: the lease was given back.
	ErrReleased = errors.New("pool: lease was released")
)
