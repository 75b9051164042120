package pool

import (
	"context"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A Pool is a bounded set of workers, each with at most one connection, that carry out
// operations from one queue. It is safe for concurrent use.
type Pool struct{}

// New makes a pool. It opens no connection; the first operation does.
func New(c driver.Connector, cfg Config) (*Pool, error) { return nil, nil }

// Submit implements [Runner].
func (p *Pool) Submit(ctx context.Context, op *Op, r Resolver) {}

// Do implements [Runner].
func (p *Pool) Do(ctx context.Context, op *Op) error { return nil }

// Stats returns a snapshot.
func (p *Pool) Stats() Stats { return Stats{} }

// Features tells what the backend can do.
func (p *Pool) Features() driver.Features { return driver.Features{} }

// Ping makes sure the database answers.
func (p *Pool) Ping(ctx context.Context) error { return nil }

// Resize changes Size and Overflow at once; surplus connections are closed when idle.
func (p *Pool) Resize(size, overflow int) error { return nil }

// Close stops the intake, lets queued work run and owners finish until ctx ends, then
// fails and closes what is left.
func (p *Pool) Close(ctx context.Context) error { return nil }

type opState struct{}

// Err is the end of the operation as a whole: nil when every statement was answered,
// also with errors of their own ([driver.Flight.Err] tells those). It is valid once the
// operation has ended.
func (op *Op) Err() error { return nil }

// Lend offers the calling goroutine for carrying out op, so that a waiter need not wait
// for a worker to wake up. It reports whether op has ended. It does nothing, and answers
// false, unless op is the next of its queue and a connection is free.
func (op *Op) Lend() bool { return false }

// Cancel ends op with cause. It reports true if op had not started: then it is
// guaranteed never to run. A running operation is interrupted where that can not hit a
// stranger.
func (op *Op) Cancel(cause error) bool { return false }
