package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// A result is what became of a pair: the medians of one run of each side.
type result struct {
	name, peer   string
	ours, theirs time.Duration
	goal         float64
}

// ratio is above 1 where Spillway is ahead.
func (r result) ratio() float64 { return float64(r.theirs) / float64(max(1, r.ours)) }

func (r result) met() string {
	if r.ratio() >= r.goal {
		return "met"
	}
	return "missed"
}

func (r result) line() string {
	return fmt.Sprintf("%s peer=%s ours=%s theirs=%s ratio=%.2f goal=%.2f %s",
		r.name, r.peer, short(r.ours), short(r.theirs), r.ratio(), r.goal, r.met())
}

// table prints all results once more, for people.
func table(out io.Writer, all []result) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nmeasure\tpeer\tours\ttheirs\tratio\tgoal\t")
	for _, r := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.2f\t%.2f\t%s\n", r.name, r.peer, short(r.ours), short(r.theirs), r.ratio(), r.goal, r.met())
	}
	return w.Flush()
}

// short rounds to about four digits.
func short(d time.Duration) string {
	switch {
	case d > 100*time.Millisecond:
		d = d.Round(100 * time.Microsecond)
	case d > time.Millisecond:
		d = d.Round(time.Microsecond)
	case d > 10*time.Microsecond:
		d = d.Round(10 * time.Nanosecond)
	}
	return d.String()
}
