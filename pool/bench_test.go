package pool_test

import (
	"context"
	"testing"

	"github.com/spillwaydb/spillway/pool"
)

// An operation without statements shows what the engine itself costs.
func BenchmarkDo(b *testing.B) {
	p := open(b, slow(0), pool.Config{Size: 4})
	op := new(pool.Op)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Do(context.Background(), op); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDoParallel(b *testing.B) {
	p := open(b, slow(0), pool.Config{Size: 4})
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		op := new(pool.Op)
		for pb.Next() {
			if err := p.Do(context.Background(), op); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSubmit(b *testing.B) {
	p := open(b, slow(0), pool.Config{Size: 4})
	ends := make(resolved, 1)
	op := new(pool.Op)
	b.ReportAllocs()
	for b.Loop() {
		p.Submit(context.Background(), op, ends)
		op.Lend()
		<-ends
	}
}

func BenchmarkStats(b *testing.B) {
	p := open(b, slow(0), pool.Config{Size: 4})
	_ = p.Do(context.Background(), new(pool.Op))
	for b.Loop() {
		_ = p.Stats()
	}
}
