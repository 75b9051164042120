package demo

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"testing"
)

func parseSample(t *testing.T, name string, header bool) (*source, *tree) {
	t.Helper()
	fsys := sample()
	tree, err := scan(t.Context(), fsys)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(tree.files, func(f foundFile) bool { return f.path == name })
	s, err := parse(fsys, tree.files[i], header)
	if err != nil {
		t.Fatal(err)
	}
	return s, tree
}

func TestParseListsDeclarationsAndImports(t *testing.T) {
	s, tree := parseSample(t, "a/a.go", false)
	var got []string
	for _, d := range s.declarations {
		got = append(got, fmt.Sprintf("%d+%d %s %s.%s %t", d.Line, d.Lines, d.Kind, d.Receiver, d.Name, d.Exported))
	}
	want := []string{
		"11+1 const .One true", "11+1 const .Two true",
		"15+1 var .state false",
		"18+1 type .T true", "19+1 type .alias2 false",
		"22+3 method T.String true", "26+1 method T.get false",
		"28+1 func .F true", "30+1 func .init false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("declarations\n%q, want\n%q", got, want)
	}
	wantImports := []importSpec{{"fmt", "", 4}, {"example.com/tree/b", "alias", 5}, {"dep.example/x", "_", 6}, {"fmt", "", 7}}
	if !slices.Equal(s.imports, wantImports) {
		t.Errorf("imports %v, want %v", s.imports, wantImports)
	}
	if s.clause != "a" || s.lines != 30 || s.problem != "" || s.test() || s.packagePath(tree) != "example.com/tree/a" {
		t.Errorf("clause %q, %d lines, problem %q, test %t, package %q", s.clause, s.lines, s.problem, s.test(), s.packagePath(tree))
	}
}

func TestParseHeaderStopsBehindTheImports(t *testing.T) {
	s, _ := parseSample(t, "a/a.go", true)
	if len(s.declarations) != 0 || len(s.imports) != 4 {
		t.Errorf("%d declarations and %d imports, want 0 and 4", len(s.declarations), len(s.imports))
	}
	if s, _ = parseSample(t, "b/broken.go", true); s.problem != "" || s.clause != "b" {
		t.Errorf("what is behind the imports was read: %q", s.problem)
	}
}

func TestTestsInTheirOwnPackage(t *testing.T) {
	in, tree := parseSample(t, "a/a_test.go", true)
	out, _ := parseSample(t, "a/x_test.go", true)
	if !in.test() || in.packagePath(tree) != "example.com/tree/a" {
		t.Errorf("a_test.go belongs to %q", in.packagePath(tree))
	}
	if !out.test() || out.packagePath(tree) != "example.com/tree/a_test" {
		t.Errorf("x_test.go belongs to %q", out.packagePath(tree))
	}
}

func TestParseKeepsWhatABrokenFileHas(t *testing.T) {
	s, _ := parseSample(t, "b/broken.go", false)
	if s.problem == "" || len(s.declarations) == 0 || s.declarations[0].Name != "H" {
		t.Errorf("problem %q, declarations %v; want a problem and H", s.problem, s.declarations)
	}
	s, _ = parseSample(t, "empty.go", false)
	if s.problem == "" || s.lines != 0 {
		t.Errorf("an empty file: problem %q, %d lines", s.problem, s.lines)
	}
	s, _ = parseSample(t, "b/b.go", false)
	if s.lines != 3 {
		t.Errorf("b.go without a newline at its end has %d lines, want 3", s.lines)
	}
}

func TestParseOfAMissingFileIsAnError(t *testing.T) {
	if _, err := parse(sample(), foundFile{path: "gone.go"}, false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("parse of a missing file: %v", err)
	}
}
