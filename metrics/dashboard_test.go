package metrics

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// panel is what a test looks at in a panel of a dashboard.
type panel struct {
	ID          int
	Type        string
	Title       string
	Description string
	Datasource  struct{ UID string }
	Targets     []struct {
		Expr       string
		Datasource struct{ UID string }
	}
	FieldConfig struct{ Defaults struct{ Unit string } }
	Panels      []panel
}

// TestDashboards: each panel says what it shows and in which unit, asks the data source
// that the reader picked, and asks for nothing that is not exported.
func TestDashboards(t *testing.T) {
	files, err := filepath.Glob("dashboards/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dashboard: %v", err)
	}
	series := exported(t)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var board struct {
			UID, Title string
			Panels     []panel
			Templating struct {
				List []struct{ Name, Type, Definition string }
			}
		}
		if err := json.Unmarshal(text, &board); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if board.UID == "" || board.Title == "" {
			t.Errorf("%s: no uid or no title", name)
		}
		for _, variable := range board.Templating.List {
			if variable.Type == "query" {
				for _, wrong := range check(variable.Definition, series) {
					t.Errorf("%s: variable %s: %s", name, variable.Name, wrong)
				}
			}
		}
		ids := map[int]bool{}
		queries := 0
		for _, p := range flatten(board.Panels) {
			if ids[p.ID] {
				t.Errorf("%s: panel %q: id %d is taken", name, p.Title, p.ID)
			}
			ids[p.ID] = true
			if p.Type == "row" {
				continue
			}
			for _, missing := range p.missing() {
				t.Errorf("%s: panel %q has no %s", name, p.Title, missing)
			}
			for _, target := range p.Targets {
				queries++
				if target.Datasource.UID != "${datasource}" {
					t.Errorf("%s: panel %q asks %q, not ${datasource}", name, p.Title, target.Datasource.UID)
				}
				for _, wrong := range check(target.Expr, series) {
					t.Errorf("%s: panel %q: %s", name, p.Title, wrong)
				}
			}
		}
		if queries == 0 {
			t.Errorf("%s asks nothing", name)
		}
	}
}

// flatten returns panels and those folded into rows.
func flatten(panels []panel) (all []panel) {
	for _, p := range panels {
		all = append(append(all, p), flatten(p.Panels)...)
	}
	return all
}

// missing names what a panel lacks.
func (p panel) missing() (names []string) {
	for name, text := range map[string]string{
		"title": p.Title, "description": p.Description, "unit": p.FieldConfig.Defaults.Unit,
	} {
		if strings.TrimSpace(text) == "" {
			names = append(names, name)
		}
	}
	if len(p.Targets) == 0 {
		names = append(names, "query")
	}
	return names
}
