package models_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// ready are connections that answer every statement with the same rows at once.
type ready struct{ rows int }

func (c ready) Features() driver.Features { return driver.Features{Name: "sqlite"} }

func (c ready) Submit(ctx context.Context, op *pool.Op, r pool.Resolver) {
	_ = c.Do(ctx, op)
	r.Resolved(op)
}

var readyColumns = []driver.Column{{Name: "id"}, {Name: "name"}, {Name: "age"}}

func (c ready) Do(_ context.Context, op *pool.Op) error {
	for i := range op.Statements {
		sink := op.Statements[i].Sink
		if err := sink.Begin(readyColumns); err != nil {
			return err
		}
		for range c.rows {
			if err := sink.Row(readyRow{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// readyRow is 7, "Ada", 7.
type readyRow struct{}

func (readyRow) Len() int                        { return len(readyColumns) }
func (readyRow) IsNull(int) bool                 { return false }
func (readyRow) Bool(int) (bool, error)          { return true, nil }
func (readyRow) Int64(int) (int64, error)        { return 7, nil }
func (readyRow) Float64(int) (float64, error)    { return 7, nil }
func (readyRow) Text(int) (string, error)        { return "Ada", nil }
func (readyRow) Bytes(int) ([]byte, error)       { return []byte("Ada"), nil }
func (readyRow) Time(int) (time.Time, error)     { return time.Time{}, nil }
func (readyRow) UUID(int) (id [16]byte, _ error) { return id, nil }
func (readyRow) Value(int) (any, error)          { return int64(7), nil }

type related struct {
	models.Model
	ID       int64
	Name     string
	ParentID int64
	Parent   models.BelongsTo[related]
}

type hydrated struct {
	models.Model
	ID   int64
	Name string
	Age  int64
}

var (
	readyRegistry = models.NewRegistry()
	hydratedT     = models.RegisterIn[hydrated](readyRegistry)
	_             = models.RegisterIn[related](readyRegistry)
)

func readyEngine(tb testing.TB, rows int) *models.Engine {
	e, err := models.NewEngine(ready{rows}, readyRegistry)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

const benchRows = 1000

func BenchmarkAllObjects(b *testing.B) {
	e, q := readyEngine(b, benchRows), models.From(hydratedT)
	for b.Loop() {
		if got, err := models.All(b.Context(), e, q); err != nil || len(got) != benchRows {
			b.Fatal(len(got), err)
		}
	}
	b.ReportAllocs()
}

func BenchmarkAllValues(b *testing.B) {
	e := readyEngine(b, benchRows)
	q := models.Select3(models.Col(&hydratedT.ID), models.Col(&hydratedT.Name), models.Col(&hydratedT.Age))
	for b.Loop() {
		if got, err := models.All(b.Context(), e, q); err != nil || len(got) != benchRows {
			b.Fatal(len(got), err)
		}
	}
	b.ReportAllocs()
}

func BenchmarkGet(b *testing.B) {
	e := readyEngine(b, 1)
	for b.Loop() {
		if _, err := models.Get[hydrated](b.Context(), e, 7); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
}

func BenchmarkFirst(b *testing.B) {
	e, q := readyEngine(b, 1), models.From(hydratedT).Where(models.Eq(&hydratedT.Name, "Ada"))
	for b.Loop() {
		if _, err := models.First(b.Context(), e, q); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
}

func BenchmarkCount(b *testing.B) {
	e, q := readyEngine(b, 1), models.Select1(models.Col(&hydratedT.ID))
	for b.Loop() {
		if n, err := models.Count(b.Context(), e, q); err != nil || n != 7 {
			b.Fatal(n, err)
		}
	}
	b.ReportAllocs()
}

// A verb is one piece of memory and what the caller or the pool gets of it.
func TestVerbsAllocateLittle(t *testing.T) {
	ctx, e := t.Context(), readyEngine(t, 1)
	named := models.From(hydratedT).Where(models.Eq(&hydratedT.Name, "Ada"))
	id := models.Select1(models.Col(&hydratedT.ID))
	for _, c := range []struct {
		verb string
		most float64
		run  func() error
	}{
		{"Get", 2, func() error { _, err := models.Get[hydrated](ctx, e, 7); return err }},
		{"First", 8, func() error { _, err := models.First(ctx, e, named); return err }},
		{"All", 7, func() error { _, err := models.All(ctx, e, named); return err }},
		{"Count", 5, func() error { _, err := models.Count(ctx, e, id); return err }},
	} {
		n := testing.AllocsPerRun(1000, func() {
			if err := c.run(); err != nil {
				t.Fatal(err)
			}
		})
		if n > c.most {
			t.Errorf("%s: %v allocations, want at most %v", c.verb, n, c.most)
		}
	}
}

// Objects remember those that they came with; that must not keep what fetched them.
func TestObjectsDoNotKeepTheirVerb(t *testing.T) {
	e := readyEngine(t, 1)
	gone := make(chan struct{})
	get := func() *related {
		key := models.Key{int64(7)} // part of the verb
		runtime.AddCleanup(&key[0], func(gone chan struct{}) { close(gone) }, gone)
		x, err := models.Get[related](t.Context(), e, key)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	x := get()
	for range 100 {
		runtime.GC()
		select {
		case <-gone:
			runtime.KeepAlive(x)
			return
		case <-time.After(10 * time.Millisecond): // cleanups have a goroutine of their own
		}
	}
	runtime.KeepAlive(x)
	t.Fatal("an object keeps the Get that it came from")
}
