package pool

import (
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// survey asks about the tables of a group that nobody has asked about since the last
// connection was opened or DDL ran, and has those writes sent alone whose tables do more
// than their statement says. It reports false if the connection was lost by that.
func (r *ride) survey() bool {
	p := r.w.crew.pool
	f := p.features.Sharing
	if p.cfg.GroupWrites == GroupAlways || f.Table == "" {
		return true
	}
	stamp := p.stamp.Load() + 1
	var ask []*Shape
	for i := range r.members {
		s := r.members[i].shape
		if s.plain.Load() == stamp {
			continue
		}
		known := false
		for _, a := range ask {
			known = known || a == s
		}
		if !known {
			ask = append(ask, s)
		}
	}
	if len(ask) == 0 {
		return true
	}
	facts := make([]fact, len(ask))
	flight := driver.Flight{Statements: make([]driver.Statement, len(ask))}
	for i, s := range ask {
		flight.Statements[i] = driver.Statement{SQL: f.Table, Args: []driver.Value{driver.Text(s.Table)}, Class: driver.Read, Sink: &facts[i]}
	}
	if err := r.w.conn.Fly(p.done, &flight); err != nil {
		return false
	}
	for i, s := range ask {
		if flight.Statements[i].Err == nil && facts[i].plain[min(s.Verb, Delete)] {
			s.plain.Store(stamp)
		} else {
			s.barred.Store(stamp)
		}
	}
	for i := range r.members {
		if m := &r.members[i]; m.shape.plain.Load() != stamp {
			r.alone(m)
		}
	}
	return true
}

// A fact is the answer about one table.
type fact struct{ plain [Delete + 1]bool }

// Begin implements driver.Sink.
func (f *fact) Begin([]driver.Column) error {
	f.plain = [Delete + 1]bool{}
	return nil
}

// Row implements driver.Sink.
func (f *fact) Row(r driver.Row) (err error) {
	for i := range f.plain {
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
