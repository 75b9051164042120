package async

import "errors"

var (
	// ErrPending: the waiter's context ended before the future settled. It comes with
	// the cause of that context; the operation goes on.
	ErrPending = errors.New("async: gave up waiting, the future is still pending")
	// ErrNoFutures: [Race] and [Any] of nothing have no result.
	ErrNoFutures = errors.New("async: no futures to choose from")
	// ErrNilFuture: a combinator was given nil in place of a future.
	ErrNilFuture = errors.New("async: future is nil")
	// ErrGoexit: a function given to [Map] or [Then] ended its goroutine with
	// runtime.Goexit, as t.FailNow does.
	ErrGoexit = errors.New("async: function called runtime.Goexit")
	// ErrNotNeeded is the cause with which a combinator cancels futures whose results
	// can no longer matter.
	ErrNotNeeded = errors.New("async: canceled, another future decided the result")
	// ErrGroupClosed: a future was added to a [Group] after Close.
	ErrGroupClosed = errors.New("async: group is closed")

	errOwnFuture = errors.New("async: the function given to Then returned Then's own future")
)
