package metrics

import (
	"bytes"
	"errors"
	"flag"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"github.com/spillwaydb/spillway/pool"
)

var update = flag.Bool("update", false, "write the golden files anew")

// snapshot is a source that never changes.
type snapshot pool.Stats

func (s *snapshot) Stats() pool.Stats { return pool.Stats(*s) }

// busy returns a snapshot in which every number is different, so that two swapped
// fields show.
func busy(name, backend string) *snapshot {
	s := &snapshot{
		Name: name, Backend: backend,
		Size: 10, Overflow: 20, QueueLimit: 1024,
		Timeout: 30 * time.Second, Recycle: time.Hour, ServerMax: 97,
		Used: 12, Idle: 1, Opening: 2, Draining: 3, Leased: 4, Running: 10,
		Waiting: 37, OldestWait: 1500 * time.Millisecond,
		OldestLease: 41 * time.Second, OldestLeaseLabel: "checkout.go:88",
		Generation: 5, Up: true,
		Submitted: 1000, OK: 800, Failed: 60, Canceled: 7, Unknown: 8,
		Rejected:   map[pool.RejectReason]uint64{pool.RejectTimeout: 9, pool.RejectFull: 11},
		Statements: 2000, Commits: 300, Rollbacks: 13, RowsRead: 50000, RowsAffected: 600,
		Flights: 900, Connects: 40, ConnectErrors: 14,
		Closes: map[pool.CloseReason]uint64{pool.CloseOverflow: 15, pool.CloseReadOnly: 16},
		Pings:  70, PingErrors: 17, Resets: 80, ResetErrors: 18,
		Leases: 90, Leaks: 19, Deadlocks: 21, Repeats: 22,
	}
	for i := range s.Operations {
		s.Operations[i], s.Errors[i] = uint64(100+10*i), uint64(i)
	}
	for i, h := range []*pool.Histogram{&s.Wait, &s.Execution, &s.Duration, &s.Connect, &s.Lease} {
		h.Count, h.Sum = uint64(i+1), uint64(i+1)*250e6
	}
	return s
}

func unobserved() uint64 { return 23 }

func TestPromlint(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	if err := Register(reg, busy("main", "postgres"), WithUnobservedErrors(unobserved)); err != nil {
		t.Fatal(err)
	}
	problems, err := testutil.GatherAndLint(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestExposition compares all that a scrape of two pools shows with a golden file,
// except the versions of this build.
func TestExposition(t *testing.T) {
	const golden = "testdata/exposition.txt"
	unlimited := &snapshot{
		Name: "files", Backend: "sqlite", Size: pool.Unlimited, Overflow: pool.Unlimited, QueueLimit: pool.Unlimited,
		Timeout: pool.NoWait, Recycle: pool.Never, Closed: true,
	}
	got := exposition(t, busy("main", "postgres"), unlimited)
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		if line(gotLines, i) != line(wantLines, i) {
			t.Fatalf("%s:%d (go test ./metrics -update writes it anew)\n got %s\nwant %s", golden, i+1, line(gotLines, i), line(wantLines, i))
		}
	}
}

func line(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "the end"
}

// exposition returns what a scrape of the sources answers, without build_info.
func exposition(t *testing.T, sources ...Source) []byte {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	for _, src := range sources {
		if err := Register(reg, src, WithUnobservedErrors(unobserved)); err != nil {
			t.Fatal(err)
		}
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	for _, f := range families {
		if f.GetName() == namespace+"build_info" {
			continue
		}
		if _, err := expfmt.MetricFamilyToText(&buf, f); err != nil {
			t.Fatal(err)
		}
	}
	return buf.Bytes()
}

func TestBuildInfo(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	if err := Register(reg, busy("main", "postgres")); err != nil {
		t.Fatal(err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != namespace+"build_info" {
			continue
		}
		labels := map[string]string{}
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		if !strings.HasPrefix(labels["go_version"], "go1") && !strings.HasPrefix(labels["go_version"], "devel") {
			t.Errorf("go_version is %q", labels["go_version"])
		}
		for _, m := range buildModules {
			if labels[m.label] == "" {
				t.Errorf("label %s is empty", m.label)
			}
		}
		return
	}
	t.Error("no build_info")
}

// TestSeveralPools: pools are told apart by name, and a name that is taken is refused
// with a way out.
func TestSeveralPools(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	for _, name := range []string{"main", "reports"} {
		if err := Register(reg, busy(name, "postgres")); err != nil {
			t.Fatal(err)
		}
	}
	if err := testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP spillway_queue_depth Operations that wait.
# TYPE spillway_queue_depth gauge
spillway_queue_depth{backend="postgres",pool="main"} 37
spillway_queue_depth{backend="postgres",pool="reports"} 37
`), "spillway_queue_depth"); err != nil {
		t.Error(err)
	}

	err := Register(reg, busy("main", "postgres"))
	const want = `metrics: a postgres pool named "main" is registered already; give each pool its own Config.Name`
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("a second pool of the same name: %v, want %s", err, want)
	}
	if _, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); !ok {
		t.Errorf("%v does not unwrap to AlreadyRegisteredError", err)
	}
}

func TestBounds(t *testing.T) {
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"a limit", limit(7), 7},
		{"no limit", limit(pool.Unlimited), math.Inf(1)},
		{"a time", seconds(1500 * time.Millisecond), 1.5},
		{"never", seconds(pool.Never), math.Inf(1)},
		{"no wait", seconds(pool.NoWait), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
		}
	}
}
