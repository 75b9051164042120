package pool

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// Buckets of a [Histogram]: four per power of two, from 1 µs to about 17 min. The index
// comes from the position of the highest bits, so observing costs no search and no
// floating point.
const (
	bucketShift = 2  // four buckets per power of two
	bucketMin   = 10 // the first boundary is 2^10 ns
	bucketMax   = 40 // the last is 2^40 ns, about 18 min
	bucketCount = (bucketMax-bucketMin)<<bucketShift + 2
)

// A Histogram is a distribution of durations. The zero Histogram is empty.
type Histogram struct {
	// Count and Sum of all observations; Sum in nanoseconds.
	Count, Sum uint64
	counts     [bucketCount]uint64
}

// bucket returns the index of d: the first bucket holds what is below the first
// boundary, the last what is above the last.
func bucket(d time.Duration) int {
	if d < 1<<bucketMin {
		return 0
	}
	n := uint64(d)
	e := bits.Len64(n) - 1
	if e >= bucketMax {
		return bucketCount - 1
	}
	return (e-bucketMin)<<bucketShift + int(n>>(e-bucketShift)&(1<<bucketShift-1)) + 1
}

// bound is the upper boundary of bucket i in nanoseconds.
func bound(i int) float64 {
	if i >= bucketCount-1 {
		return math.Inf(1)
	}
	e, m := i>>bucketShift, i&(1<<bucketShift-1)
	return float64(uint64(1)<<(e+bucketMin)) * (1 + float64(m)/(1<<bucketShift))
}

// Buckets returns the cumulative counts by upper boundary in seconds, thinned to about
// one boundary per power of two, as Prometheus wants them; the last boundary is finite.
func (h *Histogram) Buckets() map[float64]uint64 {
	out := make(map[float64]uint64, bucketCount>>bucketShift+1)
	var cum uint64
	for i := range bucketCount - 1 {
		cum += h.counts[i]
		if i&(1<<bucketShift-1) == 0 {
			out[bound(i)/1e9] = cum
		}
	}
	return out
}

// Quantile estimates the q-quantile (0 to 1); 0 if there are no observations.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.Count == 0 {
		return 0
	}
	rank := q * float64(h.Count)
	var cum uint64
	for i, c := range h.counts {
		if c == 0 {
			continue
		}
		if next := cum + c; float64(next) >= rank {
			lo, hi := 0.0, bound(i)
			if i > 0 {
				lo = bound(i - 1)
			}
			if math.IsInf(hi, 1) {
				return time.Duration(lo)
			}
			return time.Duration(lo + (hi-lo)*(rank-float64(cum))/float64(c))
		}
		cum += c
	}
	return time.Duration(bound(bucketCount - 2))
}

// Mean is the average duration; 0 if there are no observations.
func (h *Histogram) Mean() time.Duration {
	if h.Count == 0 {
		return 0
	}
	return time.Duration(h.Sum / h.Count)
}

// Sub returns the observations of h that came after the earlier snapshot o.
func (h Histogram) Sub(o Histogram) Histogram {
	h.Count -= o.Count
	h.Sum -= o.Sum
	for i := range h.counts {
		h.counts[i] -= o.counts[i]
	}
	return h
}

// recorder is a histogram being written by one goroutine at a time (whoever drives the
// connection), read by any.
type recorder struct {
	count, sum atomic.Uint64
	counts     [bucketCount]atomic.Uint64
}

// bump adds to a counter that only one goroutine writes: a plain load and store,
// which costs no bus lock.
func bump(c *atomic.Uint64, n uint64) { c.Store(c.Load() + n) }

func (r *recorder) observe(d time.Duration) {
	d = max(0, d)
	bump(&r.counts[bucket(d)], 1)
	bump(&r.sum, uint64(d))
	bump(&r.count, 1)
}

func (r *recorder) addTo(h *Histogram) {
	h.Count += r.count.Load()
	h.Sum += r.sum.Load()
	for i := range r.counts {
		h.counts[i] += r.counts[i].Load()
	}
}
