package pool

import (
	"fmt"
	"log/slog"
	"math"
	"time"
)

// Named settings. The zero value of every field of [Config] means its default, so what
// would be written as zero elsewhere has a name here.
const (
	// NoOverflow as Overflow: never more than Size connections.
	NoOverflow = -1
	// Unlimited as Size, Overflow or QueueLimit: no bound. Unlimited connections are
	// still bounded by what the server accepts.
	Unlimited = math.MaxInt32
	// NoWait as Timeout: an operation that can not start at once fails with
	// [ErrTimeout].
	NoWait time.Duration = -1
	// Never as Timeout, Recycle, IdleTimeout, ConnectTimeout or LeakAfter: no limit.
	Never time.Duration = math.MaxInt64
)

// PingPolicy says when a connection is asked whether it still lives before it is given
// work (SQLAlchemy's pool_pre_ping).
type PingPolicy uint8

const (
	// PingIfIdle asks connections that were idle for more than a second. The default.
	PingIfIdle PingPolicy = iota
	// PingAlways asks before every operation that comes from the queue.
	PingAlways
	// PingNever does not ask.
	PingNever
)

// ResetPolicy says what happens to a connection that its owner returns (SQLAlchemy's
// reset_on_return).
type ResetPolicy uint8

const (
	// ResetRollback rolls back what is still open. The default.
	ResetRollback ResetPolicy = iota
	// ResetFull also drops session state (DISCARD ALL on Postgres).
	ResetFull
	// ResetNone leaves a clean connection as it is. One with an open transaction is
	// closed, since the next owner must not find it.
	ResetNone
)

// Config sets up a pool. The zero value of each field is its default.
type Config struct {
	// Name labels the pool in metrics, errors and log lines. Defaults to "main".
	Name string
	// Size is the number of connections kept. Defaults to 10.
	Size int
	// Overflow is the number of connections opened above Size under load and closed
	// when there is no work for them. [NoOverflow] for none. Defaults to 20.
	Overflow int
	// Timeout is the longest time from submitting an operation to its start. [NoWait]
	// and [Never] are allowed. Defaults to 30 s.
	Timeout time.Duration
	// Recycle is the age at which a connection is replaced, looked at when it is given
	// work or returned; one in use is never killed. Defaults to 1 h.
	Recycle time.Duration
	// RecycleJitter is the share of Recycle that is taken off at random for each
	// connection, so that connections opened together are not replaced together.
	// From 0 to 1; negative for none. Defaults to 0.1.
	RecycleJitter float64
	// QueueLimit is the number of operations that may wait; one more fails with
	// [ErrQueueFull]. Defaults to 10 × (Size + Overflow), at least 1024.
	QueueLimit int
	// ConnectTimeout bounds one attempt to connect. Defaults to 10 s.
	ConnectTimeout time.Duration
	// PrePing says when a connection is checked before use. Defaults to [PingIfIdle].
	PrePing PingPolicy
	// PingTimeout bounds the check. Defaults to 1 s.
	PingTimeout time.Duration
	// IdleTimeout closes connections that had no work for that long, also below Size.
	// Defaults to [Never]: Size connections are kept.
	IdleTimeout time.Duration
	// OverflowLinger is how long a connection above Size waits for work before it is
	// closed. Defaults to 0, as in SQLAlchemy.
	OverflowLinger time.Duration
	// ResetOnReturn says what is done to a returned connection. Defaults to
	// [ResetRollback].
	ResetOnReturn ResetPolicy
	// ResetTimeout bounds it; a connection that is not clean by then is closed.
	// Defaults to 1 s.
	ResetTimeout time.Duration
	// LeakAfter reports an owner that keeps a connection longer, once, with the place
	// where it was taken. Defaults to [Never].
	LeakAfter time.Duration
	// RepeatAfter reports a session that sends the same query this often within ten
	// seconds, as a loop does that asks for each row by itself (N+1 queries): once, with
	// the query and the line of the program, and in [Stats.Repeats]. Defaults to 20;
	// [Unlimited] reports nothing.
	RepeatAfter int
	// DrainTimeout bounds closing a connection, and the wait for a canceled statement.
	// Defaults to 1 s.
	DrainTimeout time.Duration
	// Flights lets statements of different callers that only read, and that the query
	// builder made, share flights on backends with a round trip, and reads that wait share
	// snapshots on SQLite; see the package comment. [LaneOn] or [LaneOff]. Defaults to
	// LaneOn.
	Flights LanePolicy
	// ByKey lets lookups by key, and loads of a relation by its foreign key, that wait at
	// the same moment become one statement; it needs Flights. [LaneOn] or [LaneOff].
	// Defaults to LaneOn.
	ByKey LanePolicy
	// GroupWrites lets writes of different callers share a commit: on Postgres small ones
	// and transactions of a few INSERTs, on SQLite all that the query builder made, where
	// GroupAuto and GroupAlways are the same. [GroupAuto], [GroupAlways] or [GroupOff].
	// Defaults to GroupAuto.
	GroupWrites GroupPolicy
	// Echo logs every statement: its text, its time and its rows, never its arguments.
	// Defaults to false.
	Echo bool
	// EchoPool logs every event of the pool. Defaults to false.
	EchoPool bool
	// Logger takes all log lines. Defaults to slog.Default().
	Logger *slog.Logger
}

// WithDefaults returns the configuration with every default filled in and [NoOverflow]
// resolved.
func (c Config) WithDefaults() Config {
	if c.Name == "" {
		c.Name = "main"
	}
	or(&c.Size, 10)
	or(&c.Overflow, 20)
	if c.Overflow == NoOverflow {
		c.Overflow = 0
	}
	or(&c.Timeout, 30*time.Second)
	or(&c.Recycle, time.Hour)
	or(&c.RecycleJitter, 0.1)
	c.RecycleJitter = max(0, c.RecycleJitter)
	or(&c.QueueLimit, max(1024, 10*(c.Size+c.Overflow)))
	or(&c.ConnectTimeout, 10*time.Second)
	or(&c.PingTimeout, time.Second)
	or(&c.IdleTimeout, Never)
	or(&c.ResetTimeout, time.Second)
	or(&c.LeakAfter, Never)
	or(&c.RepeatAfter, 20)
	or(&c.DrainTimeout, time.Second)
	or(&c.Flights, defaultLane())
	or(&c.ByKey, defaultLane())
	or(&c.GroupWrites, defaultGroup())
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

func or[T comparable](p *T, def T) {
	var zero T
	if *p == zero {
		*p = def
	}
}

// Validate reports the first setting that makes no sense, by name.
func (c Config) Validate() error {
	bad := func(field string, v any, want string) error {
		return fmt.Errorf("pool: %s is %v: %s", field, v, want)
	}
	switch {
	case c.Size < 0:
		return bad("Size", c.Size, "want at least 1, or 0 for the default")
	case c.Overflow < 0 && c.Overflow != NoOverflow:
		return bad("Overflow", c.Overflow, "want at least 1, 0 for the default, or NoOverflow")
	case c.QueueLimit < 0:
		return bad("QueueLimit", c.QueueLimit, "want at least 1, 0 for the default, or Unlimited")
	case c.RepeatAfter < 0 || c.RepeatAfter == 1:
		return bad("RepeatAfter", c.RepeatAfter, "want at least 2, 0 for the default, or Unlimited")
	case c.Timeout < 0 && c.Timeout != NoWait:
		return bad("Timeout", c.Timeout, "want more than 0, 0 for the default, NoWait or Never")
	case c.RecycleJitter > 1:
		return bad("RecycleJitter", c.RecycleJitter, "want a share from 0 to 1")
	case c.PrePing > PingNever:
		return bad("PrePing", c.PrePing, "want PingIfIdle, PingAlways or PingNever")
	case c.ResetOnReturn > ResetNone:
		return bad("ResetOnReturn", c.ResetOnReturn, "want ResetRollback, ResetFull or ResetNone")
	case c.Flights > LaneOff:
		return bad("Flights", c.Flights, "want LaneOn or LaneOff")
	case c.ByKey > LaneOff:
		return bad("ByKey", c.ByKey, "want LaneOn or LaneOff")
	case c.GroupWrites > GroupOff:
		return bad("GroupWrites", c.GroupWrites, "want GroupAuto, GroupAlways or GroupOff")
	}
	for _, d := range []struct {
		name string
		d    time.Duration
	}{
		{"Recycle", c.Recycle},
		{"ConnectTimeout", c.ConnectTimeout},
		{"PingTimeout", c.PingTimeout},
		{"IdleTimeout", c.IdleTimeout},
		{"OverflowLinger", c.OverflowLinger},
		{"ResetTimeout", c.ResetTimeout},
		{"LeakAfter", c.LeakAfter},
		{"DrainTimeout", c.DrainTimeout},
	} {
		if d.d < 0 {
			return bad(d.name, d.d, "want a positive duration, or 0 for the default")
		}
	}
	return nil
}
