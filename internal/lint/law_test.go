package lint

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/spillwaydb/spillway"

// all as the only entry allows every package of the repository.
const all = "*"

// law says which packages of the repository each package may import outside its tests.
// Both are named by their folder; "." is the root.
var law = map[string][]string{
	".":                          {"async", "models", "models/migrate", "pool", "internal/backend", "internal/driver", "internal/sqlview"},
	"async":                      {"models", "pool", "internal/link"},
	"models":                     {"pool", "internal/dialect", "internal/driver", "internal/link", "internal/schema"},
	"models/migrate/autogen":     {"models", "models/migrate", "pool", "internal/dialect", "internal/driver", "internal/driver/sqlite", "internal/schema"},
	"models/migrate":             {"models", "pool", "internal/dialect", "internal/driver", "internal/schema", "internal/sqlview"},
	"pool":                       {"internal/driver"},
	"metrics":                    {"pool"},
	"spillwaytest":               {"."},
	"wasm":                       {".", "async", "models", "pool", "internal/promise"},
	"wasm/embedded":              {".", "async", "models", "pool", "wasm"},
	"cmd/spillway":               {"cmd/spillway/cli"},
	"cmd/spillway/cli":           {".", "async", "models", "models/migrate", "models/migrate/autogen", "pool", "metrics", "cmd/spillway/demo", "cmd/spillway/program", "internal/schema", "integration/bench"},
	"cmd/spillway/program":       {"models", "internal/schema"},
	"cmd/spillway/demo":          {".", "async", "models", "pool", "metrics"},
	"internal/driver":            {},
	"internal/driver/postgres":   {"internal/driver"},
	"internal/driver/sqlite":     {"internal/driver"},
	"internal/driver/fake":       {"internal/driver"},
	"internal/driver/drivertest": {"internal/driver"},
	"internal/backend":           {"internal/driver", "internal/driver/postgres", "internal/driver/sqlite", "internal/opfs"},
	"internal/dialect":           {"internal/driver", "internal/schema"},
	"internal/schema":            {},
	"internal/link":              {"pool"},
	"internal/sqlview":           {"internal/dialect", "internal/driver", "pool"},
	"internal/faultvfs":          {},
	"internal/opfs":              {"internal/driver", "internal/promise"},
	"internal/promise":           {},
	"internal/testdb":            {},
	"internal/testleak":          {},
	"internal/modeltest":         {all},
	"internal/lint":              {},
	"integration":                {all},
	"integration/bench":          {all},
	"integration/browser":        {all},
	"integration/browser/notes":  {all},
}

// foreign says which packages answer for a module of others; everything else reaches it
// through them. The longest path that fits counts. It holds for tests too, except for
// the packages in testsOnly.
var foreign = map[string][]string{
	"github.com/jackc/pgx/v5":              {"internal/driver/postgres", "internal/backend", ".", "integration/bench"},
	"github.com/ncruces/go-sqlite3":        {"internal/driver/sqlite", "internal/faultvfs", "internal/opfs", "integration/bench"},
	"github.com/ncruces/go-sqlite3/driver": {"integration/bench"},
	"github.com/prometheus/client_golang":  {"metrics", "cmd/spillway/demo", "integration/bench"},
	"github.com/mattn/go-sqlite3":          {"integration/bench"},
	"modernc.org/sqlite":                   {"integration/bench"},
	"github.com/alecthomas/kong":           {"cmd/spillway/cli"},
	"gorm.io":                              {"integration/bench"},
	"github.com/uptrace/bun":               {"integration/bench"},
	"github.com/chromedp/chromedp":         {"integration/browser"},
	"gonum.org/v1/plot":                    {"integration/bench"},
	"github.com/alitto/pond/v2":            {"integration/bench"},
	"pgregory.net/rapid":                   {},
	"github.com/pressly/goose/v3":          {"models/migrate"},
	"github.com/rogpeppe/go-internal":      {"cmd/spillway/cli"},
	"database/sql":                         {"models/migrate", "internal/sqlview", ".", "integration/bench"},
}

// testsOnly are the modules that tests may import anywhere, with the reason.
var testsOnly = map[string]string{
	"github.com/jackc/pgx/v5":             "tests look at the server past the engine, and play a server",
	"github.com/ncruces/go-sqlite3":       "tests look at the file past the engine",
	"github.com/prometheus/client_golang": "tests scrape",
	"pgregory.net/rapid":                  "property tests",
	"database/sql":                        "tests of models store its types",
}

// testCode are the packages that are imported by tests alone, and so may import testing.
var testCode = []string{"internal/driver/drivertest", "internal/modeltest", "internal/testdb", "internal/testleak", "spillwaytest"}

func TestImportLaw(t *testing.T) {
	files := repository(t)
	report(t, files, imports)

	seen := map[string]bool{}
	for _, f := range files {
		seen[f.pkg] = true
	}
	for pkg := range law {
		if !seen[pkg] {
			t.Errorf("law_test.go: the law has a line for %s, which has no Go file", pkg)
		}
	}
}

// imports checks one file against the law, foreign and testCode.
func imports(f *file) (out []finding) {
	allowed, ok := law[f.pkg]
	if !ok {
		return []finding{f.at(f.ast.Name, "package %s has no line in the import law (internal/lint/law_test.go)", f.pkg)}
	}
	for _, spec := range f.ast.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		if path == module || strings.HasPrefix(path, module+"/") {
			out = append(out, ours(f, spec, path, allowed)...)
			continue
		}
		if !f.test && (path == "testing" || strings.HasPrefix(path, "testing/")) && !slices.Contains(testCode, f.pkg) {
			out = append(out, f.at(spec, "%s is imported by %s, which users link", path, f.pkg))
		}
		mod, ok := owner(path)
		if !ok || slices.Contains(foreign[mod], f.pkg) {
			continue
		}
		if _, ok := testsOnly[mod]; ok && (f.test || slices.Contains(testCode, f.pkg)) {
			continue
		}
		out = append(out, f.at(spec, "%s may not import %s; only %v may", f.pkg, path, foreign[mod]))
	}
	return out
}

// ours checks an import of a package of the repository.
func ours(f *file, spec ast.Node, path string, allowed []string) []finding {
	to := strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
	if to == "" {
		to = "."
	}
	measures := func(pkg string) bool {
		return slices.Contains(law[pkg], all) || slices.Contains(law[pkg], "metrics") || pkg == "metrics"
	}
	switch {
	case to == "metrics" && !measures(f.pkg):
		return []finding{f.at(spec, "%s imports metrics, which measures it", f.pkg)}
	case f.test, to == f.pkg, slices.Contains(allowed, to), slices.Contains(allowed, all):
		return nil
	}
	return []finding{f.at(spec, "%s may not import %s; the law allows %v", f.pkg, to, allowed)}
}

// owner returns the longest entry of foreign that path is or lies below.
func owner(path string) (mod string, ok bool) {
	for m := range foreign {
		if (path == m || strings.HasPrefix(path, m+"/")) && len(m) > len(mod) {
			mod, ok = m, true
		}
	}
	return mod, ok
}
