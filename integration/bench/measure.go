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

	n       int // runs per turn
	perRun  []time.Duration
	elapsed time.Duration
	runs    int
}

// A pair compares two sides.
type pair struct {
	name         string
	ours, theirs *side
	goal         float64
}

// A pace says how long sides work.
type pace struct {
	rounds, turns int
	turn          time.Duration
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

// compare lets all sides work in turns.
func (c *contest) compare(ctx context.Context, p pace) ([]result, error) {
	for _, s := range c.sides {
		if err := s.warm(ctx, p.turn); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	for round := range p.rounds {
		for turn := range p.turns {
			for i := range c.sides {
				// Who comes first changes, so that nobody always follows the same side.
				s := c.sides[(i+round+turn)%len(c.sides)]
				if err := s.work(ctx); err != nil {
					return nil, fmt.Errorf("%s: %w", s.name, err)
				}
			}
		}
		for _, s := range c.sides {
			s.perRun = append(s.perRun, s.elapsed/time.Duration(s.runs))
			s.elapsed, s.runs = 0, 0
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
	s.n = 1
	for range 3 {
		if err := s.work(ctx); err != nil {
			return err
		}
	}
	s.elapsed, s.runs = 0, 0
	if err := s.work(ctx); err != nil {
		return err
	}
	if s.before == nil {
		s.n = max(1, int(turn/max(1, s.elapsed)))
	}
	s.elapsed, s.runs = 0, 0
	return nil
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
		s.elapsed += time.Since(begin)
		s.runs += s.n
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
