package demo

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/spillwaydb/spillway/pool"
)

func TestMonitorKeepsTheHighestNumbersAndRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		m := newMonitor(func() pool.Stats {
			calls++
			s := pool.Stats{Used: 1, Idle: 2, Statements: uint64(100 * calls)}
			if calls == 4 { // for one sample only
				s.Used, s.Waiting = 9, 50
			}
			return s
		}, &progress{})
		_, news := m.since(0)
		done := make(chan struct{})
		go func() { defer close(done); m.run(ctx) }()
		<-news
		points, news := m.since(0)
		if len(points) != 1 {
			t.Fatalf("%d points, want 1", len(points))
		}
		if p := points[0]; p.Used != 9 || p.Waiting != 50 || p.Idle != 2 || p.Statements != 1000 {
			t.Errorf("first point %+v, want the peak of 9 used and 50 waiting, and 1000 statements a second", p)
		}
		<-news
		if later, _ := m.since(points[0].Time); len(later) != 1 || later[0].Used != 1 || later[0].Waiting != 0 {
			t.Errorf("points since the first: %+v, want one without the peak", later)
		}
		if used, waiting := m.most(); used != 9 || waiting != 50 {
			t.Errorf("most %d used and %d waiting, want 9 and 50", used, waiting)
		}
		cancel()
		<-done
	})
}

func TestMonitorForgetsOldPoints(t *testing.T) {
	m := newMonitor(nil, nil)
	for i := range pointsKept + 5 {
		m.add(Point{Time: int64(i + 1)})
	}
	points, _ := m.since(0)
	if len(points) != pointsKept || points[0].Time != 6 || points[pointsKept-1].Time != pointsKept+5 {
		t.Errorf("%d points from %d on", len(points), points[0].Time)
	}
}
