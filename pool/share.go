package pool

import (
	"sync/atomic"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A Lane is a way in which operations of different callers share a flight.
type Lane uint8

const (
	// LaneNone: the operation flies alone.
	LaneNone Lane = iota
	// LaneRead is for statements that only read, each of which would be a transaction of
	// its own.
	LaneRead
	// LaneWrite is for small writes, each of which would be a transaction of its own.
	LaneWrite

	laneCount
)

// String returns the lane as one lower-case word.
func (l Lane) String() string {
	return [...]string{"exclusive", "read", "write", "?"}[min(l, laneCount)]
}

// Share are the facts that let an operation share a flight with those of other callers.
// The zero Share says that it flies alone, as does everything whose effect is not known
// for sure: raw SQL, transactions, streams, and whatever has a setting of its own. An
// operation with [Op.Take], or one submitted to a [Lease], flies alone in any case.
type Share struct {
	// Shape is the kind of statement; nil: the operation flies alone.
	Shape *Shape
	// Key is what the writes of one table are sorted by, that of the first statement if
	// there are several; Null if there is none.
	Key driver.Value
}

// A Shape is what operations of the same text have in common. Make one for each text and
// keep it: it remembers what the pool learns, such as how long the statement takes. It is
// safe for concurrent use, and must not be copied or changed once it is in use.
type Shape struct {
	// Text is the statement, for those who make shapes to find them again; the pool does
	// not look at it.
	Text string
	// Lane is the lane that such operations may take.
	Lane Lane
	// Changes are what a write does, one for each of its statements, apart from BEGIN and
	// COMMIT around several. Without them its tables are not known, and it flies alone unless
	// the policy is GroupAlways.
	Changes []Change
	// Lookup is set if operations of this shape that wait at the same moment can be
	// answered by one statement.
	Lookup *Lookup

	cost  atomic.Int64 // moving average of what the server takes, in ns; 0: not known
	rows  atomic.Int64 // moving average of the rows of an answer, times 8
	score atomic.Int32 // of failures in a shared flight
	solo  atomic.Bool  // goes alone from now on
	// The Pool.stamp, plus one, at which the table was last found to be plain, and not; of
	// a Lookup by text, whether texts are equal only if their bytes are.
	plain, barred atomic.Uint64
}

// A Change is what one statement does.
type Change struct {
	// Table is the table that it changes, quoted where that is needed, and Verb how.
	Table string
	Verb  Verb
}

// table is the table that the write at a place of a unit changes.
func (s *Shape) table(at int) string {
	if at < len(s.Changes) {
		return s.Changes[at].Table
	}
	return ""
}

// Verb is what a write does.
type Verb uint8

const (
	// Insert, Update and Delete: an INSERT of few rows, an UPDATE and a DELETE by full key.
	Insert Verb = iota
	Update
	Delete
)

// A Lookup is a statement that answers many operations of one [Shape] at once: each asks
// for the rows that have its key, or one of its keys. The only argument of its statement
// is the key, or an array of them. It fits only keys that are equal exactly if their bytes
// are: integers, UUIDs, bytes, and texts in a collation that is deterministic.
type Lookup struct {
	// SQL is the statement with one parameter, an array of keys. Its rows come in the
	// order that an operation asks for.
	SQL string
	// Column is the place of the key in the result.
	Column int
	// Table and Name are where the key is, the table quoted where that is needed. With
	// them keys that are texts may merge: the database is asked how it compares them,
	// whenever it is asked about the tables of writes. Without them such keys never merge.
	Table, Name string
}

// When a shape leaves its lane, and when it may come back.
const (
	// slowAfter is how long the server may take for a statement that shares a flight:
	// the others wait for it.
	slowAfter = 5 * time.Millisecond
	// manyRows is how many rows an answer may have on average.
	manyRows = 256
	// maxBytes bounds the arguments of one operation in a lane.
	maxBytes = 64 << 10
	// failure is added for each failure in a shared flight, and 1 is taken off for each
	// success anywhere; above tooMany the shape goes alone.
	failure = 16
	tooMany = 64
)

// fits reports whether operations of this shape may share a flight now. A shape that has
// never run is not known to be quick, so its first operation flies alone.
func (s *Shape) fits() bool {
	c := s.cost.Load()
	return c > 0 && c < int64(slowAfter) && s.rows.Load() < manyRows*8 && s.score.Load() <= tooMany && !s.solo.Load()
}

// ran notes what one operation took at the server, and how many rows it answered. Two
// that note at once may lose one of the two, which does no harm.
func (s *Shape) ran(took time.Duration, rows int64) {
	s.cost.Store(int64(average(time.Duration(s.cost.Load()), max(took, 1))))
	old := s.rows.Load()
	s.rows.Store(old + (rows*8-old)/4)
	if n := s.score.Load(); n > 0 {
		s.score.CompareAndSwap(n, n-1)
	}
}

// failed notes that an operation of this shape spoiled a shared flight. It reports
// whether the shape leaves the lane by that.
func (s *Shape) failed() bool {
	n := s.score.Add(failure)
	return n > tooMany && n-failure <= tooMany
}

// leave has operations of this shape go alone from now on. It reports whether that is
// new.
func (s *Shape) leave() bool { return !s.solo.Swap(true) }
