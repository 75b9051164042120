package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/pprof"
	"time"
)

// A measure is one kind of work.
type measure struct {
	name  string
	build func(ctx context.Context, w *world) (*contest, error)
}

// A contest is a measure made ready: who does the work, and who is compared to whom.
type contest struct {
	sides  []*side
	pairs  []pair
	checks []func(ctx context.Context) error
	// during is called when all sides are warm, what it returns when all turns are over;
	// nil if nothing is to be done.
	during func(ctx context.Context) (end func() error, err error)
}

// A side does the work its way.
type side struct {
	name string
	unit unit
	work work
	// before makes ready for a turn, off the clock; nil if nothing is to be done.
	before func(ctx context.Context) error

	samples []float64 // one a turn
}

// work is what a side does in a turn.
type work interface {
	// warm is called once before the first turn: connections are opened, statements
	// prepared. It learns how often turn is to do its work. single: a turn does it once,
	// since it has to be made ready for each time.
	warm(ctx context.Context, p pace, single bool) error
	// turn does the work and returns one sample, in the unit of its side.
	turn(ctx context.Context, p pace) (float64, error)
}

// A pair compares a side to the best of its peers.
type pair struct {
	name   string
	ours   *side
	theirs []*side
	goal   float64
}

// add adds a side that does its work in one goroutine, again and again; what one run
// takes counts.
func (c *contest) add(name string, run func(ctx context.Context) error) *side {
	return c.side(name, perRun, &repeat{run: run})
}

// crowd adds a side that does op in many goroutines at once; how often it is done in a
// second counts.
func (c *contest) crowd(name string, size int, op func(ctx context.Context, g *guest) error) *side {
	return c.side(name, perSecond, newCrowd(size, op))
}

// side adds a side that works in a way of its own.
func (c *contest) side(name string, u unit, w work) *side {
	s := &side{name: name, unit: u, work: w}
	c.sides = append(c.sides, s)
	return s
}

// pair compares ours to one peer, or to the best of several. goal is the ratio wanted.
func (c *contest) pair(name string, ours, theirs *side, goal float64, others ...*side) {
	c.pairs = append(c.pairs, pair{name, ours, append([]*side{theirs}, others...), goal})
}

// after has f called when all turns are over: what was done is compared to what the
// database has then.
func (c *contest) after(f func(ctx context.Context) error) { c.checks = append(c.checks, f) }

// A pace says how long sides work.
type pace struct {
	rounds int
	long   time.Duration // rounds go on for so long
	turn   time.Duration // of one goroutine
	crowd  time.Duration // of many
}

// compare lets all sides work in turns.
func (c *contest) compare(ctx context.Context, p pace) (out []result, err error) {
	for _, s := range c.sides {
		if err := s.warm(ctx, p); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	if c.during != nil {
		end, err := c.during(ctx)
		if err != nil {
			return nil, err
		}
		// The measures that follow must not find it as it is now.
		defer func() { err = errors.Join(err, end()) }()
	}
	for begin, round := time.Now(), 0; round < p.rounds || time.Since(begin) < p.long; round++ {
		for i := range c.sides {
			// Who comes first changes, so that nobody always follows the same side.
			s := c.sides[(i+round)%len(c.sides)]
			if err := s.turn(ctx, p); err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	for _, f := range c.checks {
		if err := f(ctx); err != nil {
			return nil, err
		}
	}
	for _, p := range c.pairs {
		out = append(out, p.result())
	}
	return out, nil
}

// warm readies a side and forgets what that took.
func (s *side) warm(ctx context.Context, p pace) error {
	if s.before != nil {
		if err := s.before(ctx); err != nil {
			return err
		}
	}
	return s.work.warm(ctx, p, s.before != nil)
}

// turn is one turn.
func (s *side) turn(ctx context.Context, p pace) (err error) {
	if s.before != nil {
		if err := s.before(ctx); err != nil {
			return err
		}
	}
	runtime.GC() // what the other side left is its own cost
	var sample float64
	pprof.Do(ctx, pprof.Labels("side", s.name), func(ctx context.Context) { sample, err = s.work.turn(ctx, p) })
	s.samples = append(s.samples, sample)
	return err
}
