package pool

import (
	"slices"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// survey asks about the tables of a flight what nobody has asked since the last connection
// was opened or DDL ran: of writes whether their tables do more than their statement says,
// in which case they are sent alone, and of lookups by text how texts are compared. It
// reports false if the connection was lost by that.
func (r *ride) survey() bool {
	p := r.w.crew.pool
	r.stamp = p.stamp.Load() + 1
	if r.lane == LaneRead {
		return p.cfg.ByKey == LaneOff || p.features.Sharing.Key == "" || r.ask(r.strangers(true))
	}
	if p.cfg.GroupWrites == GroupAlways || p.features.Sharing.Table == "" {
		return true
	}
	if !r.ask(r.strangers(false)) {
		return false
	}
	for i := range r.members {
		if m := &r.members[i]; m.shape.plain.Load() != r.stamp {
			r.alone(m)
		}
	}
	return true
}

// strangers are the shapes of the members about which nothing is known; with lookups set
// those that several could be merged by.
func (r *ride) strangers(lookups bool) (ask []*Shape) {
	var seen []*Shape
	for i := range r.members {
		s := r.members[i].shape
		switch {
		case s.plain.Load() == r.stamp:
		case lookups && (s.Lookup == nil || s.Lookup.Table == "" || s.barred.Load() == r.stamp):
		case slices.Contains(ask, s):
		case lookups && !slices.Contains(seen, s):
			seen = append(seen, s)
		default:
			ask = append(ask, s)
		}
	}
	return ask
}

// ask asks about shapes. It reports false if the connection was lost.
func (r *ride) ask(shapes []*Shape) bool {
	if len(shapes) == 0 {
		return true
	}
	f := r.w.crew.pool.features.Sharing
	facts := make([]fact, len(shapes))
	flight := driver.Flight{Statements: make([]driver.Statement, len(shapes))}
	for i, s := range shapes {
		st := &flight.Statements[i]
		*st = driver.Statement{SQL: f.Table, Args: []driver.Value{driver.Text(s.Table)}, Class: driver.Read, Sink: &facts[i]}
		if r.lane == LaneRead {
			st.SQL, st.Args = f.Key, []driver.Value{driver.Text(s.Lookup.Table), driver.Text(s.Lookup.Name)}
		}
	}
	if err := r.w.conn.Fly(r.w.crew.pool.done, &flight); err != nil {
		return false
	}
	for i, s := range shapes {
		at := min(s.Verb, Delete)
		if r.lane == LaneRead {
			at = 0
		}
		if flight.Statements[i].Err == nil && facts[i].plain[at] {
			s.plain.Store(r.stamp)
		} else {
			s.barred.Store(r.stamp)
		}
	}
	return true
}

// A fact is the answer about one table or column.
type fact struct{ plain [Delete + 1]bool }

// Begin implements driver.Sink.
func (f *fact) Begin([]driver.Column) error {
	f.plain = [Delete + 1]bool{}
	return nil
}

// Row implements driver.Sink.
func (f *fact) Row(r driver.Row) (err error) {
	for i := range min(len(f.plain), r.Len()) {
		if f.plain[i], err = r.Bool(i); err != nil {
			return err
		}
	}
	return nil
}

// outdated has what is known about tables asked for again.
func (p *Pool) outdated() { p.stamp.Add(1) }

// factsFor is how long what is known about tables is believed: others change them too.
const factsFor = time.Minute

// forgetFacts has it asked for again when it is old.
func (p *Pool) forgetFacts(t time.Time) {
	n, until := t.UnixNano(), p.factsUntil.Load()
	if n >= until && p.factsUntil.CompareAndSwap(until, n+int64(factsFor)) && until > 0 {
		p.outdated()
	}
}
