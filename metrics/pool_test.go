package metrics

import (
	"context"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/internal/testleak"
	"github.com/spillwaydb/spillway/pool"
)

func TestMain(m *testing.M) { testleak.Main(m) }

// slow is a database whose statements take 3 ms and connections 40 ms.
func slow() *fake.Connector {
	return &fake.Connector{
		OnConnect: func(ctx context.Context, _ driver.Role, _ int) error { return fake.Sleep(ctx, 40*time.Millisecond) },
		OnFly: func(ctx context.Context, _ *fake.Conn, f *driver.Flight) (bool, error) {
			if err := fake.Sleep(ctx, 3*time.Millisecond); err != nil {
				return false, err
			}
			for i := range f.Statements {
				if f.Statements[i].SQL == "bad" {
					f.Statements[i].Err = &driver.Error{Kind: driver.ErrSyntax}
				}
			}
			return true, nil
		},
	}
}

func statement(sql string) *pool.Op {
	return &pool.Op{Flight: driver.Flight{Statements: []driver.Statement{{SQL: sql, Class: driver.Read}}}}
}

// TestScrapeOfAPool: what a pool did is what a scrape shows, in virtual time and so to
// the millisecond.
func TestScrapeOfAPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := pool.New(slow(), pool.Config{Size: 1, Overflow: pool.NoOverflow})
		if err != nil {
			t.Fatal(err)
		}
		reg := prometheus.NewPedanticRegistry()
		if err := Register(reg, p); err != nil {
			t.Fatal(err)
		}
		for _, sql := range []string{"good", "bad", "good"} {
			if err := p.Do(t.Context(), statement(sql)); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		for range 4 { // one runs, three wait
			wg.Go(func() { _ = p.Do(t.Context(), statement("good")) })
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if err := testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP spillway_operations_by_class_total Finished operations by the class of their first statement and by result.
# TYPE spillway_operations_by_class_total counter
spillway_operations_by_class_total{backend="fake",class="begin",pool="main",result="error"} 0
spillway_operations_by_class_total{backend="fake",class="begin",pool="main",result="ok"} 0
spillway_operations_by_class_total{backend="fake",class="commit",pool="main",result="error"} 0
spillway_operations_by_class_total{backend="fake",class="commit",pool="main",result="ok"} 0
spillway_operations_by_class_total{backend="fake",class="raw",pool="main",result="error"} 0
spillway_operations_by_class_total{backend="fake",class="raw",pool="main",result="ok"} 0
spillway_operations_by_class_total{backend="fake",class="read",pool="main",result="error"} 1
spillway_operations_by_class_total{backend="fake",class="read",pool="main",result="ok"} 2
spillway_operations_by_class_total{backend="fake",class="rollback",pool="main",result="error"} 0
spillway_operations_by_class_total{backend="fake",class="rollback",pool="main",result="ok"} 0
spillway_operations_by_class_total{backend="fake",class="savepoint",pool="main",result="error"} 0
spillway_operations_by_class_total{backend="fake",class="savepoint",pool="main",result="ok"} 0
spillway_operations_by_class_total{backend="fake",class="schema",pool="main",result="error"} 0
spillway_operations_by_class_total{backend="fake",class="schema",pool="main",result="ok"} 0
spillway_operations_by_class_total{backend="fake",class="write",pool="main",result="error"} 0
spillway_operations_by_class_total{backend="fake",class="write",pool="main",result="ok"} 0
# HELP spillway_queue_depth Operations that wait.
# TYPE spillway_queue_depth gauge
spillway_queue_depth{backend="fake",pool="main"} 3
# HELP spillway_queue_oldest_seconds Age of the first waiting operation.
# TYPE spillway_queue_oldest_seconds gauge
spillway_queue_oldest_seconds{backend="fake",pool="main"} 0.001
# HELP spillway_workers Workers by what they do: carry out an operation, hold a connection for an owner that does something else, or wait for work.
# TYPE spillway_workers gauge
spillway_workers{backend="fake",pool="main",state="busy"} 1
spillway_workers{backend="fake",pool="main",state="held"} 0
spillway_workers{backend="fake",pool="main",state="idle"} 0
`), "spillway_operations_by_class_total", "spillway_queue_depth", "spillway_queue_oldest_seconds", "spillway_workers"); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}

		for name, want := range map[string]struct {
			count   uint64
			seconds float64
		}{
			"spillway_pool_connect_duration_seconds": {1, 0.040},
			"spillway_operation_execution_seconds":   {7, 7 * 0.003},
			"spillway_queue_wait_seconds":            {7, 0.040 + 0.003 + 0.006 + 0.009},
			"spillway_operation_duration_seconds":    {7, 0.040 + 0.003 + 0.006 + 0.009 + 7*0.003},
		} {
			h := gathered(t, reg, name)
			if h.GetSampleCount() != want.count || math.Abs(h.GetSampleSum()-want.seconds) > 1e-9 {
				t.Errorf("%s: %d observations of %v s in all, want %d of %v s", name, h.GetSampleCount(), h.GetSampleSum(), want.count, want.seconds)
			}
		}
		// All seven took 3 ms: none is below 2 ms, all are below 5 ms.
		for _, b := range gathered(t, reg, "spillway_operation_execution_seconds").GetBucket() {
			if le, n := b.GetUpperBound(), b.GetCumulativeCount(); le < 0.002 && n != 0 || le > 0.005 && n != 7 {
				t.Errorf("bucket le=%v holds %d of 7 times 3 ms", le, n)
			}
		}
	})
}

func gathered(t *testing.T, reg prometheus.Gatherer, name string) *dto.Histogram {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetHistogram()
		}
	}
	t.Fatalf("no metric %s", name)
	return nil
}

// TestScrapeWhileBusy: scrapes beside a pool at work are consistent in themselves, and
// the race detector finds nothing.
func TestScrapeWhileBusy(t *testing.T) {
	p, err := pool.New(&fake.Connector{}, pool.Config{Size: 4})
	if err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewPedanticRegistry()
	if err := Register(reg, p); err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			for range 500 {
				_ = p.Do(t.Context(), statement("good"))
			}
		})
	}
	done := make(chan struct{})
	go func() { work.Wait(); close(done) }()
	for busy := true; busy; {
		select {
		case <-done:
			busy = false
		default:
		}
		h := gathered(t, reg, "spillway_operation_duration_seconds")
		var last uint64
		for _, b := range h.GetBucket() {
			if b.GetCumulativeCount() < last {
				t.Errorf("bucket le=%v holds less than the one before", b.GetUpperBound())
			}
			last = b.GetCumulativeCount()
		}
		if h.GetSampleCount() < last {
			t.Errorf("count %d is less than its last bucket %d", h.GetSampleCount(), last)
		}
	}
	if n := gathered(t, reg, "spillway_operation_duration_seconds").GetSampleCount(); n != 4000 {
		t.Errorf("%d operations counted, want 4000", n)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	// A snapshot taken between a bucket and the count is still a valid histogram.
	s := p.Stats()
	s.Duration.Count -= 5
	var m dto.Metric
	if err := constHistogram(prometheus.NewDesc("x", "", nil, nil), &s.Duration).Write(&m); err != nil {
		t.Fatal(err)
	}
	if n := m.GetHistogram().GetSampleCount(); n != 4000 {
		t.Errorf("count %d below its last bucket, want 4000", n)
	}
}
