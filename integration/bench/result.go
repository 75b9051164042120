package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// unit is what samples are.
type unit string

const (
	perRun    unit = "ns"    // nanoseconds; less is better
	perSecond unit = "ops/s" // operations in a second; more is better
	perOp     unit = "count" // allocations for one operation and their like; less is better
)

// show writes a sample for people, without spaces.
func (u unit) show(x float64) string {
	switch u {
	case perRun:
		return short(time.Duration(x))
	case perSecond:
		return fmt.Sprintf("%.0f/s", x)
	default:
		return fmt.Sprintf("%.1f", x)
	}
}

// ratio is above 1 where ours is better.
func (u unit) ratio(ours, theirs float64) float64 {
	if u == perSecond {
		ours, theirs = theirs, ours
	}
	return theirs / max(ours, 0.01)
}

// A result is what became of a pair: the medians of all turns.
type result struct {
	Name   string  `json:"name"`
	Peer   string  `json:"peer"`
	Unit   unit    `json:"unit"`
	Ours   float64 `json:"ours"`
	Theirs float64 `json:"theirs"`
	Ratio  float64 `json:"ratio"` // above 1 Spillway is ahead
	Goal   float64 `json:"goal"`
	Met    bool    `json:"met"`
	Turns  int     `json:"turns"`
	// Half of the turns lay between these.
	OursBetween   [2]float64 `json:"ours_between"`
	TheirsBetween [2]float64 `json:"theirs_between"`
}

// result sums up a pair.
func (p pair) result() (best result) {
	for i, peer := range p.theirs {
		r := result{
			Name: p.name, Peer: peer.name, Unit: p.ours.unit, Goal: p.goal, Turns: len(p.ours.samples),
			Ours: quantile(p.ours.samples, 0.5), Theirs: quantile(peer.samples, 0.5),
			OursBetween:   [2]float64{quantile(p.ours.samples, 0.25), quantile(p.ours.samples, 0.75)},
			TheirsBetween: [2]float64{quantile(peer.samples, 0.25), quantile(peer.samples, 0.75)},
		}
		r.Ratio = r.Unit.ratio(r.Ours, r.Theirs)
		r.Met = r.Ratio >= r.Goal
		if i == 0 || r.Ratio < best.Ratio {
			best = r
		}
	}
	return best
}

// quantile returns the sample below which a share of all lie.
func quantile(samples []float64, share float64) float64 {
	if len(samples) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(samples))
	at := share * float64(len(s)-1)
	i := int(at)
	if i+1 == len(s) {
		return s[i]
	}
	return s[i] + (at-float64(i))*(s[i+1]-s[i])
}

func (r result) met() string {
	if r.Met {
		return "met"
	}
	return "missed"
}

func (r result) line() string {
	return fmt.Sprintf("%s peer=%s ours=%s theirs=%s ratio=%.2f goal=%.2f %s",
		r.Name, r.Peer, r.Unit.show(r.Ours), r.Unit.show(r.Theirs), r.Ratio, r.Goal, r.met())
}

// table prints all results once more, for people.
func table(out io.Writer, all []result) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nmeasure\tpeer\tours\ttheirs\tratio\tgoal\t")
	for _, r := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.2f\t%.2f\t%s\n", r.Name, r.Peer, r.Unit.show(r.Ours), r.Unit.show(r.Theirs), r.Ratio, r.Goal, r.met())
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
