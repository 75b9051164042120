package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"
)

// A measure is one kind of work.
type measure struct {
	name  string
	build func(ctx context.Context, w *world) (*contest, error)
}

// A contest is a measure made ready: who does the work, and who is compared to whom.
type contest struct {
	sides []*side
	pairs []pair
}

// A side does the work its way.
type side struct {
	name string
	// run does the work once.
	run func(ctx context.Context) error
	// before makes ready for run, off the clock; nil if nothing is to be done.
	before func(ctx context.Context) error

	n      int             // runs per turn
	perRun []time.Duration // what a run took, turn by turn
}

// A pair compares two sides.
type pair struct {
	name         string
	ours, theirs *side
	goal         float64
}

// add adds a side.
func (c *contest) add(name string, run func(ctx context.Context) error) *side {
	s := &side{name: name, run: run}
	c.sides = append(c.sides, s)
	return s
}

func (c *contest) pair(name string, ours, theirs *side, goal float64) {
	c.pairs = append(c.pairs, pair{name, ours, theirs, goal})
}

// A pace says how long sides work.
type pace struct {
	rounds     int
	long, turn time.Duration
}

// compare lets all sides work in turns.
func (c *contest) compare(ctx context.Context, p pace) ([]result, error) {
	for _, s := range c.sides {
		if err := s.warm(ctx, p.turn); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	for begin, round := time.Now(), 0; round < p.rounds || time.Since(begin) < p.long; round++ {
		for i := range c.sides {
			// Who comes first changes, so that nobody always follows the same side.
			s := c.sides[(i+round)%len(c.sides)]
			if err := s.work(ctx); err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	var out []result
	for _, p := range c.pairs {
		out = append(out, result{p.name, p.theirs.name, median(p.ours.perRun), median(p.theirs.perRun), p.goal})
	}
	return out, nil
}

// warm runs a side until statements are prepared and finds out how often it runs in a
// turn.
func (s *side) warm(ctx context.Context, turn time.Duration) error {
	for s.n = 1; ; s.n *= 2 {
		s.perRun = nil
		for range 4 { // connections are opened, statements prepared
			if err := s.work(ctx); err != nil {
				return err
			}
		}
		// The best of them: a hiccup must not make the turns of one side short.
		best := slices.Min(s.perRun)
		s.perRun = nil
		if s.before != nil || 2*best*time.Duration(s.n) > turn {
			return nil
		}
	}
}

// work is one turn.
func (s *side) work(ctx context.Context) (err error) {
	if s.before != nil {
		if err := s.before(ctx); err != nil {
			return err
		}
	}
	runtime.GC() // what the other side left is its own cost
	pprof.Do(ctx, pprof.Labels("side", s.name), func(ctx context.Context) {
		begin := time.Now()
		for range s.n {
			if err = s.run(ctx); err != nil {
				return
			}
		}
		s.perRun = append(s.perRun, time.Since(begin)/time.Duration(s.n))
	})
	return err
}

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	if n := len(d); n%2 == 0 {
		return (d[n/2-1] + d[n/2]) / 2
	}
	return d[len(d)/2]
}
