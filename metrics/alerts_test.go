package metrics

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v2"
)

// TestAlerts: each rule has a name of ours, a severity and words for whoever is woken,
// and looks at nothing that is not exported.
func TestAlerts(t *testing.T) {
	text, err := os.ReadFile("alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.UnmarshalStrict(text, &file); err != nil {
		t.Fatal(err)
	}
	series := exported(t)
	seen := map[string]bool{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if !regexp.MustCompile(`^Spillway[A-Z]\w+$`).MatchString(r.Alert) || seen[r.Alert] {
				t.Errorf("%q is taken, or does not begin with Spillway", r.Alert)
			}
			seen[r.Alert] = true
			for _, wrong := range check(r.Expr, series) {
				t.Errorf("%s: %s", r.Alert, wrong)
			}
			if s := r.Labels["severity"]; s != "page" && s != "ticket" {
				t.Errorf("%s: severity is %q", r.Alert, s)
			}
			if _, err := time.ParseDuration(r.For); r.For != "" && err != nil {
				t.Errorf("%s: %v", r.Alert, err)
			}
			for _, name := range []string{"summary", "description"} {
				if !strings.HasSuffix(strings.TrimSpace(r.Annotations[name]), ".") {
					t.Errorf("%s: the %s is no sentence: %q", r.Alert, name, r.Annotations[name])
				}
			}
		}
	}
	if len(seen) == 0 {
		t.Error("no rule")
	}
}
