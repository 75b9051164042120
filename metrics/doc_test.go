package metrics

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// describe returns the names of all metrics, with the labels of each besides pool and
// backend, sorted.
func describe(t *testing.T) map[string]string {
	t.Helper()
	ch := make(chan *prometheus.Desc)
	go func() {
		defer close(ch)
		NewCollector(busy("main", "postgres"), WithUnobservedErrors(unobserved)).Describe(ch)
	}()
	// A Desc shows its name and labels in its text only.
	form := regexp.MustCompile(`fqName: "(\w+)".*variableLabels: \{([^}]*)\}`)
	names := map[string]string{}
	for d := range ch {
		m := form.FindStringSubmatch(d.String())
		if m == nil {
			t.Errorf("can not read %s", d)
			continue
		}
		labels := strings.Split(m[2], ",")
		slices.Sort(labels)
		names[m[1]] = strings.Join(labels, ",")
	}
	if len(names) < len(families) {
		t.Fatalf("only %d metrics described", len(names))
	}
	return names
}

// TestDocumented: the table in doc.go lists every metric that Describe knows, with its
// labels, and no other.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^//\t(spillway_\w+) +(?:gauge|counter|histogram) *(.*)$`).FindAllStringSubmatch(string(text), -1) {
		labels := strings.Split(row[2], ", ")
		slices.Sort(labels)
		documented[row[1]] = strings.Join(labels, ",")
	}
	described := describe(t)
	for name, labels := range described {
		switch got, ok := documented[name]; {
		case !ok:
			t.Errorf("%s is not in the table of doc.go", name)
		case got != labels:
			t.Errorf("%s has the labels %q; doc.go says %q", name, labels, got)
		}
	}
	for name := range documented {
		if _, ok := described[name]; !ok {
			t.Errorf("doc.go lists %s, which no collector describes", name)
		}
	}
}
