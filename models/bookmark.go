package models

import "github.com/spillwaydb/spillway/internal/driver"

// A bookmark is how far reading by key has come.
type bookmark struct {
	keys *keyset        // nil: nobody needs to know
	vals []driver.Value // of the last row; nil before the first
	err  error
}

func (e entity) placed(p *bookmark, strangers bool) reader {
	return placedRows{e, p, strangers}
}

// placedRows reads objects and notes where the last one stands.
type placedRows struct {
	entity
	place     *bookmark
	strangers bool // a session does not keep the objects
}

func (p placedRows) sink(hint int, session bool) rowSink {
	return &placedSink{
		entitySink: &entitySink{excerpt: p.excerpt, maker: p.maker, hint: hint, mark: p.t.hasOrigin && (p.strangers || !session)},
		place:      p.place, strangers: p.strangers,
	}
}

type placedSink struct {
	*entitySink
	place     *bookmark
	strangers bool
	noted     bool
}

// note looks at the last row before a session puts its own object in the place, whose
// values may have been changed.
func (s *placedSink) note() {
	if n := len(s.out); n > 0 && !s.noted && s.place.keys != nil {
		s.noted = true
		s.place.vals, s.place.err = s.place.keys.values(s.out[n-1])
	}
}

func (s *placedSink) attach(u *Unit) {
	s.note()
	if !s.strangers {
		s.entitySink.attach(u)
		return
	}
	for i, x := range s.out {
		if r := u.identityOf(s.t).at(s.t, x); r != nil {
			if rec, fresh := u.loaded(s.t, x, s.partial); !fresh {
				s.out[i] = rec.obj
			}
		}
	}
}

func (s *placedSink) gather(e *Engine) {
	s.note()
	s.entitySink.gather(e)
}
