package metrics

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/spillwaydb/spillway/pool"
)

const namespace = "spillway_"

const (
	gauge   = prometheus.GaugeValue
	counter = prometheus.CounterValue
)

// emit sends one value with the values of the family's labels.
type emit func(v float64, labels ...string)

// A family is one metric name: its values come from a snapshot, or its histogram does.
type family struct {
	name, help string
	typ        prometheus.ValueType
	labels     []string
	values     func(s *pool.Stats, send emit)
	histogram  func(s *pool.Stats) *pool.Histogram
	sizes      func(s *pool.Stats) *pool.Sizes
}

// families lists every metric that comes from a snapshot, in the order of the table in
// doc.go.
var families = []family{
	{
		name: "pool_connections", help: "Connections by state.",
		typ: gauge, labels: []string{"state"},
		values: func(s *pool.Stats, send emit) {
			send(float64(s.Used), "used")
			send(float64(s.Idle), "idle")
			send(float64(s.Opening), "opening")
			send(float64(s.Draining), "draining")
		},
	},
	one("pool_overflow_connections", "Connections used or idle above the configured size.", gauge, func(s *pool.Stats) float64 {
		return float64(max(0, s.Used+s.Idle-s.Size))
	}),
	one("pool_size", "Configured number of connections that are kept; +Inf if unlimited.", gauge, func(s *pool.Stats) float64 {
		return limit(s.Size)
	}),
	one("pool_overflow_limit", "Configured number of connections above the size; +Inf if unlimited.", gauge, func(s *pool.Stats) float64 {
		return limit(s.Overflow)
	}),
	one("pool_limit", "Connections that may be open at once, size plus overflow; +Inf if unlimited.", gauge, func(s *pool.Stats) float64 {
		return limit(s.Limit())
	}),
	one("pool_timeout_seconds", "Configured longest time from submit to start; +Inf if unlimited.", gauge, func(s *pool.Stats) float64 {
		return seconds(s.Timeout)
	}),
	one("pool_recycle_seconds", "Configured age at which a connection is replaced; +Inf if never.", gauge, func(s *pool.Stats) float64 {
		return seconds(s.Recycle)
	}),
	{
		name: "pool_server_connections_max", help: "Connections that the server accepts from ordinary users; absent while unknown.",
		typ: gauge,
		values: func(s *pool.Stats, send emit) {
			if s.ServerMax > 0 {
				send(float64(s.ServerMax))
			}
		},
	},
	one("pool_generation", "How often all connections were declared stale at once.", gauge, func(s *pool.Stats) float64 { return float64(s.Generation) }),
	one("pool_up", "0 while the last attempt to reach the server failed, else 1.", gauge, func(s *pool.Stats) float64 { return truth(s.Up) }),
	one("pool_closed", "1 once the pool was closed, else 0.", gauge, func(s *pool.Stats) float64 { return truth(s.Closed) }),
	pair("pool_connects_total", "Attempts to open a connection by result.",
		func(s *pool.Stats) (ok, failed uint64) { return s.Connects, s.ConnectErrors }),
	hist("pool_connect_duration_seconds", "Time to open a connection, of attempts that succeeded.",
		func(s *pool.Stats) *pool.Histogram { return &s.Connect }),
	{
		name: "pool_closes_total", help: "Closed connections by reason.",
		typ: counter, labels: []string{"reason"},
		values: func(s *pool.Stats, send emit) {
			for _, r := range pool.CloseReasons {
				send(float64(s.Closes[r]), string(r))
			}
		},
	},
	pair("pool_pings_total", "Checks of a connection before use by result.",
		func(s *pool.Stats) (ok, failed uint64) { return s.Pings - min(s.Pings, s.PingErrors), s.PingErrors }),
	pair("pool_resets_total", "Resets of a returned connection by result.",
		func(s *pool.Stats) (ok, failed uint64) { return s.Resets - min(s.Resets, s.ResetErrors), s.ResetErrors }),
	one("pool_leased_connections", "Connections that belong to an owner: a transaction, a stream.", gauge, func(s *pool.Stats) float64 { return float64(s.Leased) }),
	one("pool_leases_total", "Connections taken by an owner.", counter, func(s *pool.Stats) float64 { return float64(s.Leases) }),
	hist("pool_lease_duration_seconds", "Time that an owner held a connection.",
		func(s *pool.Stats) *pool.Histogram { return &s.Lease }),
	one("pool_oldest_lease_seconds", "Time for which the longest current owner holds its connection.", gauge, func(s *pool.Stats) float64 { return s.OldestLease.Seconds() }),
	one("pool_leaks_total", "Owners that held a connection longer than the configured time, or were forgotten without being closed.", counter, func(s *pool.Stats) float64 { return float64(s.Leaks) }),
	one("pool_repeats_total", "Sessions that sent the same query again and again, as a loop does that asks for each row by itself.", counter, func(s *pool.Stats) float64 { return float64(s.Repeats) }),
	one("pool_deadlocks_total", "Operations refused since every connection's owner waited for the pool.", counter, func(s *pool.Stats) float64 { return float64(s.Deadlocks) }),

	one("queue_depth", "Operations that wait.", gauge, func(s *pool.Stats) float64 { return float64(s.Waiting) }),
	one("queue_limit", "Configured number of operations that may wait; +Inf if unlimited.", gauge, func(s *pool.Stats) float64 { return limit(s.QueueLimit) }),
	one("queue_oldest_seconds", "Age of the first waiting operation.", gauge, func(s *pool.Stats) float64 { return s.OldestWait.Seconds() }),
	hist("queue_wait_seconds", "Time from submit to start of an operation.",
		func(s *pool.Stats) *pool.Histogram { return &s.Wait }),
	{
		name: "queue_rejected_total", help: "Operations that never started by reason.",
		typ: counter, labels: []string{"reason"},
		values: func(s *pool.Stats, send emit) {
			for _, r := range pool.RejectReasons {
				send(float64(s.Rejected[r]), string(r))
			}
		},
	},

	{
		name: "workers", help: "Workers by what they do: carry out an operation, hold a connection for an owner that does something else, or wait for work.",
		typ: gauge, labels: []string{"state"},
		values: func(s *pool.Stats, send emit) {
			send(float64(s.Running), "busy")
			send(float64(max(0, s.Used-s.Running)), "held")
			send(float64(s.Idle), "idle")
		},
	},

	one("operations_submitted_total", "Operations handed to the pool.", counter, func(s *pool.Stats) float64 { return float64(s.Submitted) }),
	{
		name: "operations_total", help: "Operations that started and ended by result.",
		typ: counter, labels: []string{"result"},
		values: func(s *pool.Stats, send emit) {
			send(float64(s.OK), "ok")
			send(float64(s.Failed), "error")
			send(float64(s.Canceled), "canceled")
			send(float64(s.Unknown), "unknown")
		},
	},
	{
		name: "operations_by_class_total", help: "Finished operations by the class of their first statement and by result.",
		typ: counter, labels: []string{"class", "result"},
		values: func(s *pool.Stats, send emit) {
			for i, name := range pool.ClassNames() {
				failed := min(s.Errors[i], s.Operations[i])
				send(float64(s.Operations[i]-failed), name, "ok")
				send(float64(failed), name, "error")
			}
		},
	},
	hist("operation_duration_seconds", "Time from submit to answer of an operation.",
		func(s *pool.Stats) *pool.Histogram { return &s.Duration }),
	hist("operation_execution_seconds", "Time from start to answer of an operation.",
		func(s *pool.Stats) *pool.Histogram { return &s.Execution }),

	one("statements_total", "Statements sent.", counter, func(s *pool.Stats) float64 { return float64(s.Statements) }),
	{
		name: "shared_read_operations", help: "Operations of different callers that shared a flight of reads.",
		sizes: func(s *pool.Stats) *pool.Sizes { return &s.SharedReads },
	},
	{
		name: "shared_write_operations", help: "Operations of different callers that shared a commit.",
		sizes: func(s *pool.Stats) *pool.Sizes { return &s.SharedWrites },
	},
	one("merged_lookups_total", "Lookups by key that were answered by a statement for several keys.", counter, func(s *pool.Stats) float64 { return float64(s.Merged) }),
	one("flight_resends_total", "Flights that went out again because somebody's statement failed in them.", counter, func(s *pool.Stats) float64 { return float64(s.Resends) }),
	one("solo_shapes_total", "Kinds of statements that were shut out of sharing because they spoiled flights.", counter, func(s *pool.Stats) float64 { return float64(s.SoloShapes) }),
	one("flights_total", "Flights sent; several statements may share one.", counter, func(s *pool.Stats) float64 { return float64(s.Flights) }),
	{
		name: "transactions_total", help: "Transactions that ended by result.",
		typ: counter, labels: []string{"result"},
		values: func(s *pool.Stats, send emit) {
			send(float64(s.Commits), "commit")
			send(float64(s.Rollbacks), "rollback")
		},
	},
	{
		name: "rows_total", help: "Rows read and rows changed.",
		typ: counter, labels: []string{"direction"},
		values: func(s *pool.Stats, send emit) {
			send(float64(s.RowsRead), "read")
			send(float64(s.RowsAffected), "affected")
		},
	},
}

// one is a family of a single value.
func one(name, help string, typ prometheus.ValueType, v func(*pool.Stats) float64) family {
	return family{name: name, help: help, typ: typ, values: func(s *pool.Stats, send emit) { send(v(s)) }}
}

// pair is a counter with the label result.
func pair(name, help string, v func(*pool.Stats) (ok, failed uint64)) family {
	return family{
		name: name, help: help, typ: counter, labels: []string{"result"},
		values: func(s *pool.Stats, send emit) {
			ok, failed := v(s)
			send(float64(ok), "ok")
			send(float64(failed), "error")
		},
	}
}

// hist is a histogram.
func hist(name, help string, h func(*pool.Stats) *pool.Histogram) family {
	return family{name: name, help: help, histogram: h}
}

func limit(n int) float64 {
	if n == pool.Unlimited {
		return math.Inf(1)
	}
	return float64(n)
}

func seconds(d time.Duration) float64 {
	switch d {
	case pool.Never:
		return math.Inf(1)
	case pool.NoWait:
		return 0
	}
	return d.Seconds()
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
