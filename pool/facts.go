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
	var flight driver.Flight
	question := func(sql string, verb Verb, args ...driver.Value) {
		flight.Statements = append(flight.Statements, driver.Statement{SQL: sql, Args: args, Class: driver.Read, Sink: &fact{verb: min(verb, Delete)}})
	}
	ends := make([]int, len(shapes)) // of the questions about each
	for i, s := range shapes {
		if r.lane == LaneRead {
			question(f.Key, Insert, driver.Text(s.Lookup.Table), driver.Text(s.Lookup.Name))
		} else {
			for _, c := range s.Changes {
				question(f.Table, c.Verb, driver.Text(c.Table))
			}
		}
		ends[i] = len(flight.Statements)
	}
	if len(flight.Statements) > 0 && r.w.conn.Fly(r.w.crew.pool.done, &flight) != nil {
		return false
	}
	from := 0
	for i, s := range shapes {
		answers := flight.Statements[from:ends[i]]
		from = ends[i]
		doubt := func(st driver.Statement) bool { return st.Err != nil || !st.Sink.(*fact).plain }
		if len(answers) > 0 && !slices.ContainsFunc(answers, doubt) {
			s.plain.Store(r.stamp)
		} else {
			s.barred.Store(r.stamp)
		}
	}
	return true
}

// A fact is the answer about one table, for a verb, or column.
type fact struct {
	verb  Verb
	plain bool
}

// Begin implements driver.Sink.
func (f *fact) Begin([]driver.Column) error {
	f.plain = false
	return nil
}

// Row implements driver.Sink.
func (f *fact) Row(r driver.Row) (err error) {
	if int(f.verb) < r.Len() {
		f.plain, err = r.Bool(int(f.verb))
	}
	return err
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
