package async_test

import (
	"context"
	"testing"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/models"
)

// BenchmarkAwaitSettled is what reading a result again costs.
func BenchmarkAwaitSettled(b *testing.B) {
	ctx := context.Background()
	f := async.Resolved(1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Await(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOperation is the whole way of one operation through a pool whose database
// answers at once: Await lends its goroutine, so nothing is handed to a worker.
func BenchmarkOperation(b *testing.B) {
	p := newServer().open(b, 1)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := async.Start(ctx, p, new(single)).Await(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOperationByWorker is the same with a waiter that does not lend.
func BenchmarkOperationByWorker(b *testing.B) {
	p := newServer().open(b, 1)
	patience := cancelable()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := async.Start(context.Background(), p, new(single)).Await(patience); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGather is what putting ten futures together costs.
func BenchmarkGather(b *testing.B) {
	ctx := context.Background()
	fs := make([]*async.Future[int64], 10)
	b.ReportAllocs()
	for b.Loop() {
		for i := range fs {
			fs[i] = async.Start(ctx, instant{}, new(single))
		}
		if _, err := async.Gather(fs...).Await(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMap is what a function of one's own costs.
func BenchmarkMap(b *testing.B) {
	ctx := context.Background()
	one := async.Resolved(1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := async.Map(one, func(v int) (int, error) { return v + 1, nil }).Await(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSessionRead is a read in a session, whose waiter lends its goroutine.
func BenchmarkSessionRead(b *testing.B) {
	s := newServer().session(b, 1)
	defer s.Close()
	ctx := context.Background()
	q := models.From(noteT).Where(models.Eq(&noteT.ID, 0))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := async.All(ctx, s.Session, q).Await(ctx); err != nil {
			b.Fatal(err)
		}
	}
}
