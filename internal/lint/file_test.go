package lint

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A file is a parsed Go file of the repository.
type file struct {
	name string // slash-separated, from the root of the repository
	pkg  string // its folder, "." for the root
	test bool   // its name ends in _test.go
	text string
	ast  *ast.File
	fset *token.FileSet
}

// A finding is one place that breaks a rule.
type finding struct{ place, what string }

func (f finding) String() string { return f.place + ": " + f.what }

// at returns a finding at a node of f.
func (f *file) at(n ast.Node, format string, args ...any) finding {
	return finding{fmt.Sprintf("%s:%d", f.name, f.fset.Position(n.Pos()).Line), fmt.Sprintf(format, args...)}
}

// parse reads one Go file; every build tag and platform is as good as another.
func parse(name, text string) (*file, error) {
	f := &file{name: name, pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), text: text, fset: token.NewFileSet()}
	var err error
	f.ast, err = parser.ParseFile(f.fset, name, text, parser.ParseComments)
	return f, err
}

// root is the folder of the repository, seen from this package's tests.
const root = "../.."

// walk calls do with the slash-separated name of every file of the repository. Folders
// that Go ignores (testdata, and names that begin with a dot) are left out.
func walk(do func(name string) error) error {
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a temporary file that is gone again
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if name != "." && (base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) {
				return fs.SkipDir
			}
			return nil
		}
		return do(filepath.ToSlash(name))
	})
}

// repository parses every Go file, nested modules included, once.
func repository(t *testing.T) []*file {
	t.Helper()
	files, err := readAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("found only %d Go files below %s", len(files), root)
	}
	return files
}

var readAll = sync.OnceValues(func() (files []*file, err error) {
	err = walk(func(name string) error {
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		f, err := parse(name, string(text))
		files = append(files, f)
		return err
	})
	return files, err
})

// report runs a rule over files and reports what it finds.
func report(t *testing.T, files []*file, rule func(*file) []finding) {
	t.Helper()
	for _, f := range files {
		for _, found := range rule(f) {
			t.Error(found)
		}
	}
}

// imported returns the name under which f knows the package of that path, or "".
func (f *file) imported(importPath string) string {
	i := slices.IndexFunc(f.ast.Imports, func(s *ast.ImportSpec) bool { return s.Path.Value == `"`+importPath+`"` })
	switch {
	case i < 0:
		return ""
	case f.ast.Imports[i].Name != nil:
		return f.ast.Imports[i].Name.Name
	}
	return path.Base(importPath)
}

// call returns receiver and function of a call like receiver.function(…), if both are
// plain names.
func call(n ast.Node) (recv, fn string, ok bool) {
	c, ok := n.(*ast.CallExpr)
	if !ok {
		return "", "", false
	}
	sel, ok := c.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", "", false
	}
	x, ok := sel.X.(*ast.Ident)
	if !ok {
		return "", sel.Sel.Name, false
	}
	return x.Name, sel.Sel.Name, true
}
