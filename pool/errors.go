package pool

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Errors of operations that were never carried out. Each arrives in a *[StateError],
// which tells the state of the pool; match with errors.Is.
var (
	// ErrNotStarted matches every operation that is guaranteed not to have run,
	// whatever the reason.
	ErrNotStarted = errors.New("operation was not started")
	// ErrTimeout: no connection within Config.Timeout. It is not
	// context.DeadlineExceeded, so that a starved pool and the caller's own deadline can
	// be told apart.
	ErrTimeout = errors.New("no connection in time")
	// ErrQueueFull: Config.QueueLimit operations wait already.
	ErrQueueFull = errors.New("queue is full")
	// ErrClosed: the pool was closed.
	ErrClosed = errors.New("pool is closed")
	// ErrPoolDeadlock: every connection belongs to an owner that waits for this pool.
	ErrPoolDeadlock = errors.New("every connection's owner waits for this pool")
	// ErrReleased: the lease was given back.
	ErrReleased = errors.New("connection was given back")
)

// A StateError says that an operation was not started, why, and in what state the pool
// was. It matches its Reason, [ErrNotStarted] and Cause by errors.Is.
type StateError struct {
	// Pool is the pool's name.
	Pool string
	// Reason is one of the errors above, or the cause of a canceled context.
	Reason error
	// Waited is how long the operation was queued.
	Waited time.Duration
	// Limit of the setting at fault: Timeout or QueueLimit; 0 if none is.
	Limit any
	// Size, Overflow: the settings. The rest: what connections and queue did.
	Size, Overflow, Used, Idle, Opening, Waiting int
	// Oldest is how long the longest owner holds its connection, OldestLabel where it was
	// taken.
	Oldest      time.Duration
	OldestLabel string
	// Cause is the last error of connecting, if the database can not be reached.
	Cause error
}

// Error tells reason and state in one line.
func (e *StateError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "pool %q: ", e.Pool)
	switch e.Reason {
	case ErrTimeout:
		fmt.Fprintf(&b, "no connection within %v", e.Limit)
	case ErrQueueFull:
		fmt.Fprintf(&b, "queue is full (limit %v)", e.Limit)
	case ErrClosed, ErrPoolDeadlock, ErrReleased:
		b.WriteString(e.Reason.Error())
	default:
		fmt.Fprintf(&b, "not started: %v", e.Reason)
	}
	fmt.Fprintf(&b, " (size %s, overflow %s, used %d, idle %d", number(e.Size), number(e.Overflow), e.Used, e.Idle)
	if e.Opening > 0 {
		fmt.Fprintf(&b, ", opening %d", e.Opening)
	}
	fmt.Fprintf(&b, ", waiting %d", e.Waiting)
	if e.Oldest > 0 {
		fmt.Fprintf(&b, ", longest held %v", e.Oldest.Round(time.Millisecond))
		if e.OldestLabel != "" {
			fmt.Fprintf(&b, " by %s", e.OldestLabel)
		}
	}
	b.WriteByte(')')
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	return b.String()
}

func number(n int) string {
	if n >= Unlimited {
		return "unlimited"
	}
	return fmt.Sprint(n)
}

// Unwrap returns the errors that match.
func (e *StateError) Unwrap() []error {
	out := []error{e.Reason, ErrNotStarted}
	if e.Cause != nil {
		out = append(out, e.Cause)
	}
	return out
}

// Timeout reports whether waiting took too long; it makes the error a net.Error-like
// timeout for callers that ask so.
func (e *StateError) Timeout() bool {
	return e.Reason == ErrTimeout || errors.Is(e.Reason, context.DeadlineExceeded)
}
