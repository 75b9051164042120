package pool

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestEveryDurationFallsIntoItsBucket(t *testing.T) {
	for i := range 200_000 {
		d := time.Duration(math.Exp(rand.Float64() * 30))
		if i < 100_000 {
			d = time.Duration(i)
		}
		b := bucket(d)
		lo := 0.0
		if b > 0 {
			lo = bound(b - 1)
		}
		if f := float64(d); f < lo || f >= bound(b) {
			t.Fatalf("%d ns is in bucket %d, which is from %v to %v", d, b, lo, bound(b))
		}
	}
	for i := 1; i < bucketCount; i++ {
		if bound(i) <= bound(i-1) {
			t.Fatalf("boundary %d (%v) is not above the one before (%v)", i, bound(i), bound(i-1))
		}
	}
}

func TestQuantilesAreWithinABucket(t *testing.T) {
	var r recorder
	var all []time.Duration
	for range 100_000 {
		d := time.Duration(rand.ExpFloat64() * float64(3*time.Millisecond))
		all = append(all, d)
		r.observe(d)
	}
	slices.Sort(all)
	var h Histogram
	r.addTo(&h)
	if h.Count != 100_000 {
		t.Fatalf("count %d", h.Count)
	}
	for _, q := range []float64{0.5, 0.9, 0.99} {
		want := float64(all[int(q*float64(len(all)))])
		if got := float64(h.Quantile(q)); got < want*0.8 || got > want*1.25 {
			t.Errorf("q%v is %v, want about %v", q, time.Duration(got), time.Duration(want))
		}
	}
	b := h.Buckets()
	var last uint64
	for i := range bucketCount - 1 {
		if n, ok := b[bound(i)/1e9]; ok {
			if n < last {
				t.Fatal("cumulative counts go down")
			}
			last = n
		}
	}
	if last != h.Count {
		t.Errorf("buckets end at %d of %d", last, h.Count)
	}
	if same := h.Sub(Histogram{}); h.Sub(h).Count != 0 || same.Mean() != h.Mean() {
		t.Error("Sub is wrong")
	}
}

func TestCountingCostsNoAllocation(t *testing.T) {
	var c counters
	op := &Op{}
	op.submitted = time.Now()
	op.started = op.submitted
	if n := testing.AllocsPerRun(100, func() { c.count(op, nil, op.submitted) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
