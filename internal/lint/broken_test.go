package lint

import (
	"strings"
	"testing"
)

// TestRulesFind runs each rule over a text that breaks it and over one that does not.
func TestRulesFind(t *testing.T) {
	for _, c := range []struct {
		what string
		rule func(*file) []finding
		name string
		text string
		want string // part of the only finding; "" for none
	}{
		{"models imports async", imports, "models/x.go", `import "github.com/spillwaydb/spillway/async"`, "models may not import async"},
		{"a test may", imports, "models/x_test.go", `import "github.com/spillwaydb/spillway/async"`, ""},
		{"a browser file", imports, "pool/x_js.go", "//go:build js\n" + `import "github.com/spillwaydb/spillway/models"`, "pool may not import models"},
		{"the root by name", imports, "pool/x.go", `import "github.com/spillwaydb/spillway"`, "pool may not import ."},
		{"what the law allows", imports, "models/x.go", `import "github.com/spillwaydb/spillway/pool"`, ""},
		{"a stranger's similar name", imports, "pool/x.go", `import "github.com/spillwaydb/spillway-contrib"`, ""},
		{"metrics imported by a measured test", imports, "pool/x_test.go", `import "github.com/spillwaydb/spillway/metrics"`, "pool imports metrics, which measures it"},
		{"metrics imported by its user", imports, "cmd/spillway/demo/x.go", `import "github.com/spillwaydb/spillway/metrics"`, ""},
		{"no line", imports, "newcomer/x.go", "", "newcomer has no line"},
		{"testing in a package for users", imports, "models/x.go", `import "testing"`, "testing is imported by models"},
		{"below testing too", imports, "models/x.go", `import "testing/synctest"`, "testing/synctest is imported by models"},
		{"testing in a suite", imports, "internal/testleak/x.go", `import "testing"`, ""},
		{"pgx in models", imports, "models/x.go", `import "github.com/jackc/pgx/v5/pgconn"`, "models may not import github.com/jackc/pgx/v5/pgconn"},
		{"pgx in its driver", imports, "internal/driver/postgres/x.go", `import "github.com/jackc/pgx/v5/pgconn"`, ""},
		{"the database/sql driver, even in tests", imports, "internal/driver/sqlite/x_test.go", `import _ "github.com/ncruces/go-sqlite3/driver"`, "may not import github.com/ncruces/go-sqlite3/driver"},
		{"low-level SQLite in its driver", imports, "internal/driver/sqlite/x.go", `import "github.com/ncruces/go-sqlite3"`, ""},

		{"print", prints, "pool/x.go", "import \"fmt\"\nfunc f() { fmt.Println() }", "fmt.Println"},
		{"print under another name", prints, "pool/x.go", "import out \"fmt\"\nfunc f() { out.Printf(``) }", "fmt.Printf"},
		{"builtin print", prints, "pool/x.go", "func f() { println() }", "println is for debugging"},
		{"print in a command", prints, "cmd/spillway/x.go", "import \"fmt\"\nfunc f() { fmt.Println() }", ""},
		{"print in an example", prints, "pool/example_test.go", "import \"fmt\"\nfunc f() { fmt.Println() }", ""},
		{"format to a writer", prints, "pool/x.go", "import \"fmt\"\nfunc f() { fmt.Fprintln(nil) }", ""},

		{"sleep", sleeps, "pool/x_test.go", "import \"time\"\nfunc f() { time.Sleep(1) }", "time.Sleep"},
		{"sleep as a value", sleeps, "pool/x.go", "import \"time\"\nvar f = time.Sleep", "time.Sleep"},
		{"sleep on virtual time", sleeps, "pool/x_test.go", "import (\"time\";\"testing/synctest\")\nvar _ = synctest.Test; func f() { time.Sleep(1) }", ""},
		{"sleep beside virtual time, outside tests", sleeps, "pool/x.go", "import (\"time\";\"testing/synctest\")\nvar _ = synctest.Test; func f() { time.Sleep(1) }", "time.Sleep"},

		{"skip", skips, "pool/x_test.go", "import \"testing\"\nfunc f(t *testing.T) { t.Skip() }", "Skip: only package testdb"},
		{"skip of an interface", skips, "pool/x_test.go", "import \"testing\"\nfunc f(tb testing.TB) { tb.Skipf(``) }", "Skipf: only package testdb"},
		{"skip through a field", skips, "pool/x_test.go", "func (s S) f() { s.t.SkipNow() }", "SkipNow: only package testdb"},
		{"skip of an outer test", skips, "pool/x_test.go", "import \"testing\"\nfunc f(t *testing.T) { func(n int) { t.Skip() }(1) }", "Skip: only package testdb"},
		{"a discarded case", skips, "pool/x_test.go", "import \"pgregory.net/rapid\"\nfunc f(t *rapid.T) { t.Skip() }", ""},
		{"a skip where it is decided", skips, "internal/testdb/x.go", "import \"testing\"\nfunc f(t testing.TB) { t.Skip() }", ""},

		{"long", length, "pool/x.go", strings.Repeat("\n", 801), "at most 800"},
		{"not too long", length, "pool/x.go", strings.Repeat("\n", 790), ""},

		{"no package comment", inFolder, "pool/doc.go", "", "no doc.go"},
		{"comment elsewhere", inFolder, "pool/x.go", "// Package x", "belongs into doc.go"},
		{"comment with another start", inFolder, "pool/doc.go", "// It is a pool.", "must begin with \"Package x \""},
		{"comment in place", inFolder, "pool/doc.go", "// Package x is.", ""},

		{"a mark", marked, "pool/x.go", "// TO" + "DO: later", "finish it"},
		{"an empty context", marked, "pool/x.go", "var ctx = context.TO" + "DO()", "finish it"},
		{"no mark", marked, "pool/x.go", "// nothing to do: todos", ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			text := "package x\n" + c.text
			if strings.HasPrefix(c.text, "//") && !strings.Contains(c.text, "import") {
				text = c.text + "\npackage x\n"
			}
			f, err := parse(c.name, text)
			if err != nil {
				t.Fatal(err)
			}
			found := c.rule(f)
			switch {
			case c.want == "" && len(found) > 0:
				t.Errorf("found %v, want nothing", found)
			case c.want != "" && (len(found) == 0 || !strings.Contains(found[0].String(), c.want)):
				t.Errorf("found %v, want %q", found, c.want)
			}
		})
	}
}

func inFolder(f *file) []finding { return comments([]*file{f}) }
func marked(f *file) []finding   { return open(f.name, f.text) }
