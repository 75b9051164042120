package pool

import (
	"math/bits"
	"sync/atomic"
)

// sizeBuckets of [Sizes]: up to 1, 2, 4 … 256, and more.
const sizeBuckets = 10

// Sizes is a distribution of how many operations shared something.
type Sizes struct {
	// Count flights, and Sum of the operations in them.
	Count, Sum uint64
	counts     [sizeBuckets]uint64
}

// Buckets returns the cumulative counts by upper boundary, as Prometheus wants them.
func (s *Sizes) Buckets() map[float64]uint64 {
	out := make(map[float64]uint64, sizeBuckets-1)
	var cum uint64
	for i := range sizeBuckets - 1 {
		cum += s.counts[i]
		out[float64(uint64(1)<<i)] = cum
	}
	return out
}

// Mean is how many operations shared a flight on average; 0 if there was none.
func (s *Sizes) Mean() float64 {
	if s.Count == 0 {
		return 0
	}
	return float64(s.Sum) / float64(s.Count)
}

// sizes is a Sizes being written; see recorder.
type sizes struct {
	count, sum atomic.Uint64
	counts     [sizeBuckets]atomic.Uint64
}

func (s *sizes) observe(n int) {
	bump(&s.counts[min(bits.Len(uint(max(n, 1)-1)), sizeBuckets-1)], 1)
	bump(&s.sum, uint64(n))
	bump(&s.count, 1)
}

func (s *sizes) addTo(to *Sizes) {
	to.Count += s.count.Load()
	to.Sum += s.sum.Load()
	for i := range s.counts {
		to.counts[i] += s.counts[i].Load()
	}
}

func (s *sizes) all() []*atomic.Uint64 {
	out := []*atomic.Uint64{&s.count, &s.sum}
	for i := range s.counts {
		out = append(out, &s.counts[i])
	}
	return out
}
