package main

import (
	"context"
	"time"
)

// repeat is work in one goroutine, as often in a turn as it fits. A sample is what one
// run takes, in nanoseconds.
type repeat struct {
	run func(ctx context.Context) error
	n   int
}

// warm implements work.
func (r *repeat) warm(ctx context.Context, p pace, single bool) error {
	if r.n = 1; single {
		return r.run(ctx)
	}
	for ; ; r.n *= 2 {
		// The best of four: a hiccup must not make the turns of one side short.
		best := time.Duration(0)
		for i := range 4 {
			d, err := r.runs(ctx)
			if err != nil {
				return err
			}
			if i == 0 || d < best {
				best = d
			}
		}
		if 2*best > p.turn {
			return nil
		}
	}
}

// turn implements work.
func (r *repeat) turn(ctx context.Context, _ pace) (float64, error) {
	d, err := r.runs(ctx)
	return float64(d) / float64(r.n), err
}

// runs is n of them.
func (r *repeat) runs(ctx context.Context) (time.Duration, error) {
	begin := time.Now()
	for range r.n {
		if err := r.run(ctx); err != nil {
			return 0, err
		}
	}
	return time.Since(begin), nil
}
