package metrics

import (
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// exported returns every series a scrape of a busy pool shows, as sets of labels by
// metric name; histograms under the names of their parts.
func exported(t *testing.T) map[string][]map[string]string {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	if err := Register(reg, busy("main", "postgres"), WithUnobservedErrors(unobserved)); err != nil {
		t.Fatal(err)
	}
	gathered, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := map[string][]map[string]string{}
	for _, f := range gathered {
		names := []string{f.GetName()}
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if m.GetHistogram() != nil {
				names = []string{f.GetName() + "_bucket", f.GetName() + "_sum", f.GetName() + "_count"}
			}
			for _, name := range names {
				series[name] = append(series[name], labels)
			}
		}
	}
	return series
}

var (
	selector = regexp.MustCompile(`\b(spillway_\w+)(?:\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`(\w+)\s*(=~|!=|!~|=)\s*"([^"]*)"`)
)

// check returns what is wrong with the selectors of a PromQL expression: a metric that
// is not exported, or label values that no series has. Labels that Prometheus adds, and
// values that a dashboard fills in, match everything.
func check(expr string, series map[string][]map[string]string) (wrong []string) {
	found := selector.FindAllStringSubmatch(expr, -1)
	if len(found) == 0 {
		return []string{"names no metric of Spillway"}
	}
	for _, sel := range found {
		name, matchers := sel[1], matcher.FindAllStringSubmatch(sel[2], -1)
		all, ok := series[name]
		if !ok {
			wrong = append(wrong, name+" is not exported")
			continue
		}
		if !matchesAny(all, matchers) {
			wrong = append(wrong, "no series matches "+sel[0])
		}
	}
	return wrong
}

func matchesAny(series []map[string]string, matchers [][]string) bool {
	for _, labels := range series {
		matches := true
		for _, m := range matchers {
			label, op, want := m[1], m[2], m[3]
			if label == "job" || label == "instance" || strings.HasPrefix(want, "$") {
				continue
			}
			if op == "=" || op == "!=" {
				want = regexp.QuoteMeta(want)
			}
			hit := regexp.MustCompile(`^(?:` + want + `)$`).MatchString(labels[label])
			matches = matches && hit == (op == "=" || op == "=~")
		}
		if matches {
			return true
		}
	}
	return false
}

func TestCheck(t *testing.T) {
	series := exported(t)
	for expr, want := range map[string]string{
		`rate(spillway_queue_wait_seconds_bucket[5m])`:                                    "",
		`spillway_pool_connections{state="used"} / ignoring(state) spillway_pool_limit`:   "",
		`spillway_pool_connections{job=~"$job",instance="x",pool=~"$pool",state!="used"}`: "",
		`spillway_queue_rejected_total{reason=~"full|shed"}`:                              "",
		`spillway_queue_wait_seconds`:                                                     "spillway_queue_wait_seconds is not exported",
		`spillway_queue_dept > 0`:                                                         "spillway_queue_dept is not exported",
		`spillway_pool_connections{state="busy"}`:                                         `no series matches spillway_pool_connections{state="busy"}`,
		`spillway_queue_depth{state="used"}`:                                              `no series matches spillway_queue_depth{state="used"}`,
		`up == 0`:                                                                         "names no metric of Spillway",
	} {
		if got := strings.Join(check(expr, series), "; "); got != want {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
}
