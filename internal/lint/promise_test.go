package lint

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestRulesOfTheLanes makes sure that each rule of the lanes, in the comment of package
// pool, is held by a test on a real server, and that the tests it names exist and are what
// it says they are. They are named as a reader of that package would: Test…, or the last
// part of another package's path, a dot, and Test….
func TestRulesOfTheLanes(t *testing.T) {
	files := repository(t)
	tests := map[string]*file{}
	for _, f := range files {
		if !f.test {
			continue
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				name := fn.Name.Name
				if f.pkg != "pool" {
					name = path.Base(f.pkg) + "." + name
				}
				tests[name] = f
			}
		}
	}
	for _, f := range files {
		if f.name == "pool/doc.go" {
			for _, bad := range laneRules(f.ast.Doc.Text(), tests) {
				t.Errorf("%s: %s", f.name, bad)
			}
		}
	}
}

var (
	laneRule = regexp.MustCompile(`^  - Rule (\d+): (.*)$`)
	// laneTests are what holds a rule: on a real server, then on a scripted one.
	laneTests = regexp.MustCompile(`^(.+)\. Server: ([^:]+)\.(?: Script: ([^:]+)\.)?$`)
	testName  = regexp.MustCompile(`^(?:[a-z]+\.)?Test[A-Z]\w*$`)
)

// laneRules checks a text that has rules against the tests that there are.
func laneRules(text string, tests map[string]*file) (bad []string) {
	say := func(format string, args ...any) { bad = append(bad, fmt.Sprintf(format, args...)) }
	_, text, ok := strings.Cut(text, "# Rules of the lanes\n")
	if !ok {
		return []string{"there is no section of the rules of the lanes"}
	}
	text, _, _ = strings.Cut(text, "\n# ")
	var rules []string
	for _, line := range strings.Split(text, "\n") {
		switch {
		case strings.HasPrefix(line, "  - "):
			rules = append(rules, line)
		case strings.HasPrefix(line, "    ") && len(rules) > 0:
			rules[len(rules)-1] += " " + strings.TrimSpace(line)
		}
	}
	if len(rules) == 0 {
		say("there are no rules")
	}
	for i, rule := range rules {
		m := laneRule.FindStringSubmatch(rule)
		if m == nil || m[1] != strconv.Itoa(i+1) {
			say("item %d does not begin with \"Rule %d:\": %s", i+1, i+1, rule)
			continue
		}
		held := laneTests.FindStringSubmatch(m[2])
		if held == nil {
			say("rule %d does not end with the tests that hold it on a server", i+1)
			continue
		}
		for on, names := range held[2:] {
			if names == "" {
				continue
			}
			for _, name := range strings.Split(names, ", ") {
				f := tests[name]
				real := f != nil && regexp.MustCompile(`testdb\.(Postgres|PgBouncer|NewCluster|Both)\(`).MatchString(f.text) || strings.HasPrefix(name, "postgres.")
				switch {
				case !testName.MatchString(name):
					say("rule %d names %q, which is no test", i+1, name)
				case f == nil:
					say("rule %d names %s, which does not exist", i+1, name)
				case on == 0 && !real:
					say("rule %d: %s does not run on a server", i+1, name)
				case on == 1 && f.imported(module+"/internal/driver/fake") == "":
					say("rule %d: %s runs on no script", i+1, name)
				}
			}
		}
	}
	return bad
}

// TestRulesOfTheLanesFind runs the check over texts that break it.
func TestRulesOfTheLanesFind(t *testing.T) {
	at := func(text string) *file {
		f, err := parse("pool/x_test.go", "package x\n"+text)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	tests := map[string]*file{
		"TestReal":     at(`func TestReal() { testdb.Postgres(t) }`),
		"TestScript":   at(`import "github.com/spillwaydb/spillway/internal/driver/fake"`),
		"other.TestIt": at(`func TestIt() { testdb.NewCluster(t) }`),
	}
	const head = "Package pool is.\n\n# Rules of the lanes\n\nHeld by tests.\n\n"
	for text, want := range map[string]string{
		"Package pool is.": "no section",
		head:               "no rules",
		head + "  - Rule 1: A. Server: TestReal, other.TestIt. Script: TestScript.\n  - Rule 2: B\n    goes on. Server:\n    TestReal.\n": "",
		head + "  - Rule 1: A. Server: TestReal.\n\n# Next\n\n  - Another list.":                                                          "",
		head + "  - Rule 2: A. Server: TestReal.":                                                                                         `"Rule 1:"`,
		head + "  - A. Server: TestReal.":                                                                                                 `"Rule 1:"`,
		head + "  - Rule 1: A.":                                                                                                           "does not end with the tests",
		head + "  - Rule 1: A. Script: TestScript.":                                                                                       "does not end with the tests",
		head + "  - Rule 1: A. Server: TestGone.":                                                                                         "TestGone, which does not exist",
		head + "  - Rule 1: A. Server: TestReal and others.":                                                                              "no test",
		head + "  - Rule 1: A. Server: TestScript.":                                                                                       "does not run on a server",
		head + "  - Rule 1: A. Server: TestReal. Script: TestReal.":                                                                       "runs on no script",
	} {
		bad := strings.Join(laneRules(text, tests), "; ")
		if want == "" && bad != "" || !strings.Contains(bad, want) {
			t.Errorf("%q: found %q, want %q", text, bad, want)
		}
	}
}
