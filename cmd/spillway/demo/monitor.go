package demo

import (
	"context"
	"sync"
	"time"

	"github.com/spillwaydb/spillway/pool"
)

const (
	sampleEvery = 100 * time.Millisecond // how often the pool is looked at
	pointEvery  = 5                      // samples to a point of the pictures
	pointsKept  = 240                    // two minutes
)

// A Point is what the pictures on the page show of one moment, and of the half second
// before it.
type Point struct {
	Time int64 `json:"time"` // Unix milliseconds

	// Connections and waiting operations: the highest number seen since the last point.
	Used    int `json:"used"`
	Waiting int `json:"waiting"`
	// Idle and Opening connections now.
	Idle    int `json:"idle"`
	Opening int `json:"opening"`
	// Operations and statements a second.
	Operations float64 `json:"operations"`
	Statements float64 `json:"statements"`
	// Milliseconds from submit to answer; 0 if nothing ended.
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`

	Progress Progress `json:"progress"`
}

// A monitor looks at a pool regularly and keeps what it saw for a while. Its methods
// are safe for concurrent use.
type monitor struct {
	stats    func() pool.Stats
	progress *progress

	mu          sync.Mutex
	points      []Point
	news        chan struct{} // closed when a point is added
	mostUsed    int
	mostWaiting int
}

func newMonitor(stats func() pool.Stats, p *progress) *monitor {
	return &monitor{stats: stats, progress: p, news: make(chan struct{})}
}

// run samples until ctx ends.
func (m *monitor) run(ctx context.Context) {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	last, lastTime := m.stats(), time.Now()
	used, waiting := 0, 0
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s := m.stats()
		used, waiting = max(used, s.Used), max(waiting, s.Waiting)
		m.mu.Lock()
		m.mostUsed, m.mostWaiting = max(m.mostUsed, used), max(m.mostWaiting, waiting)
		m.mu.Unlock()
		if n%pointEvery != 0 {
			continue
		}
		now := time.Now()
		took := now.Sub(lastTime).Seconds()
		d := s.Duration.Sub(last.Duration)
		m.add(Point{
			Time: now.UnixMilli(), Used: used, Waiting: waiting, Idle: s.Idle, Opening: s.Opening,
			Operations: float64(d.Count) / took,
			Statements: float64(s.Statements-last.Statements) / took,
			P50:        milliseconds(d.Quantile(0.5)),
			P99:        milliseconds(d.Quantile(0.99)),
			Progress:   m.progress.now(),
		})
		last, lastTime, used, waiting = s, now, 0, 0
	}
}

func (m *monitor) add(p Point) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.points) == pointsKept {
		m.points = append(m.points[:0], m.points[1:]...)
	}
	m.points = append(m.points, p)
	close(m.news)
	m.news = make(chan struct{})
}

// since returns the points after the given time in Unix milliseconds, and a channel
// that is closed when there are more.
func (m *monitor) since(ms int64) ([]Point, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := len(m.points)
	for i > 0 && m.points[i-1].Time > ms {
		i--
	}
	return append([]Point(nil), m.points[i:]...), m.news
}

// most returns the highest numbers of used connections and waiting operations seen.
func (m *monitor) most() (used, waiting int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mostUsed, m.mostWaiting
}
