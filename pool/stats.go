package pool

import (
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// Stats is a snapshot of a pool. Counters only grow; taking a snapshot never makes an
// operation wait. Fields may be added.
type Stats struct {
	// Name is the pool's name, Backend the driver's ("postgres", "sqlite").
	Name, Backend string
	// Size, Overflow and QueueLimit are the settings in force; Unlimited means no bound.
	Size, Overflow, QueueLimit int
	// Timeout and Recycle are the settings in force; Never means no limit.
	Timeout, Recycle time.Duration
	// ServerMax is the number of connections that the server accepts; 0 if unknown.
	ServerMax int

	// Used connections run an operation or belong to an owner; Idle ones wait for work;
	// Opening ones are being made; Draining ones are broken and being closed.
	Used, Idle, Opening, Draining int
	// Leased is the part of Used that belongs to an owner (a transaction, a stream).
	Leased int
	// Running operations are being carried out; the other used connections belong to an
	// owner that is doing something else.
	Running int
	// Waiting operations are queued; OldestWait is the age of the first.
	Waiting    int
	OldestWait time.Duration
	// OldestLease is how long the longest current owner holds its connection, and
	// OldestLeaseLabel where it was taken.
	OldestLease      time.Duration
	OldestLeaseLabel string
	// Generation counts how often all connections were declared stale at once.
	Generation uint64
	// Up is false while the last attempt to reach the server failed.
	Up bool
	// Closed is true once Close was called.
	Closed bool

	// Submitted operations since the start, and what became of them: each ends in
	// exactly one of OK, Failed, Canceled, Unknown, Rejected, or is still pending.
	Submitted, OK, Failed, Canceled, Unknown uint64
	// Rejected counts operations that never started, by reason.
	Rejected map[RejectReason]uint64
	// Operations counts finished operations by class of their first statement, and
	// Errors those that failed.
	Operations, Errors [driver.Classes]uint64
	// Statements sent, Commits confirmed, Rollbacks (asked for, or made on return), rows
	// read and rows changed.
	Statements, Commits, Rollbacks, RowsRead, RowsAffected uint64
	// Flights sent; several statements may share one.
	Flights uint64
	// SharedReads and SharedWrites are the flights that operations of several callers, or
	// reads of one owner, shared, by how many those were. Merged lookups were answered by
	// a statement for several keys. Resends are flights that went out again because
	// somebody's statement failed in them. SoloShapes counts kinds of statements that were
	// shut out of a lane, for good or for a while, because they spoiled flights.
	SharedReads, SharedWrites   Sizes
	Merged, Resends, SoloShapes uint64
	// Connects and ConnectErrors count attempts to open a connection that succeeded and
	// that failed.
	Connects, ConnectErrors uint64
	// Closes counts closed connections by reason.
	Closes map[CloseReason]uint64
	// Pings and Resets count checks before use and resets on return, PingErrors and
	// ResetErrors those of them that failed.
	Pings, PingErrors, Resets, ResetErrors uint64
	// Leases taken, Leaks reported (held for longer than Config.LeakAfter, or forgotten
	// without being released), Deadlocks refused.
	Leases, Leaks, Deadlocks uint64
	// Repeats are sessions that have sent the same query again and again, as a loop does
	// that asks for each row by itself: see Config.RepeatAfter.
	Repeats uint64

	// Wait is the time from submit to start, Execution from start to answer, Duration
	// from submit to answer, Connect the time of successful attempts to connect, Lease
	// the time that owners held a connection.
	Wait, Execution, Duration, Connect, Lease Histogram
}

// CloseReason says why a connection was closed; it is a metric label.
type CloseReason string

const (
	CloseOverflow    CloseReason = "overflow"
	CloseRecycle     CloseReason = "recycle"
	CloseIdle        CloseReason = "idle"
	CloseBroken      CloseReason = "broken"
	CloseInvalidated CloseReason = "invalidated"
	CloseReadOnly    CloseReason = "readonly"
	CloseReset       CloseReason = "reset_failed"
	ClosePing        CloseReason = "ping_failed"
	CloseShutdown    CloseReason = "shutdown"
	CloseResize      CloseReason = "resize"
)

// CloseReasons lists every CloseReason.
var CloseReasons = []CloseReason{
	CloseOverflow, CloseRecycle, CloseIdle, CloseBroken, CloseInvalidated,
	CloseReadOnly, CloseReset, ClosePing, CloseShutdown, CloseResize,
}

// RejectReason says why an operation never started; it is a metric label.
type RejectReason string

const (
	RejectFull     RejectReason = "full"
	RejectTimeout  RejectReason = "timeout"
	RejectCanceled RejectReason = "canceled"
	RejectClosed   RejectReason = "closed"
	RejectDeadlock RejectReason = "deadlock"
	RejectConnect  RejectReason = "connect"
)

// RejectReasons lists every RejectReason.
var RejectReasons = []RejectReason{RejectFull, RejectTimeout, RejectCanceled, RejectClosed, RejectDeadlock, RejectConnect}

// Limit is the number of connections that may be open: Size + Overflow, or
// [Unlimited].
func (s *Stats) Limit() int { return min(s.Size+s.Overflow, Unlimited) }
