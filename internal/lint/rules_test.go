package lint

import (
	"fmt"
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestOnlyCommandsPrint(t *testing.T) { report(t, repository(t), prints) }
func TestNothingSleeps(t *testing.T)     { report(t, repository(t), sleeps) }
func TestNothingSkips(t *testing.T)      { report(t, repository(t), skips) }
func TestFileLength(t *testing.T)        { report(t, repository(t), length) }

// prints finds output to standard output outside commands. Tests may: examples are
// compared by it, and a child process speaks to its parent through it.
func prints(f *file) (out []finding) {
	command := f.pkg == "cmd" || strings.HasPrefix(f.pkg, "cmd/")
	pkg := f.imported("fmt")
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if recv, fn, ok := call(n); ok && !command && !f.test && pkg != "" && recv == pkg && strings.HasPrefix(fn, "Print") {
			out = append(out, f.at(n, "fmt.%s: only commands print", fn))
		}
		if c, ok := n.(*ast.CallExpr); ok {
			if id, ok := c.Fun.(*ast.Ident); ok && (id.Name == "print" || id.Name == "println") {
				out = append(out, f.at(n, "%s is for debugging", id.Name))
			}
		}
		return true
	})
	return out
}

// polls are the files that may sleep, with the reason. No test is among them.
var polls = map[string]string{
	"internal/opfs/vfs_js.go": "the browser does not tell when another tab gives a file back, and SQLite's open takes no context",
}

// sleeps finds time.Sleep. In synctest.Test the clock is virtual and a sleep costs
// nothing, so a file of tests that imports testing/synctest may.
func sleeps(f *file) (out []finding) {
	clock := f.imported("time")
	if clock == "" || polls[f.name] != "" || f.test && f.imported("testing/synctest") != "" {
		return nil
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Sleep" {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == clock {
				out = append(out, f.at(n, "time.Sleep: wait for a signal, or run in synctest.Test"))
			}
		}
		return true
	})
	return out
}

// skips finds calls of the Skip methods of a test. A property test of rapid discards a
// drawn case by the same name; that is no skipped test.
func skips(f *file) (out []finding) {
	if f.pkg == "internal/testdb" {
		return nil
	}
	var params []*ast.FieldList // of the functions around the node
	var stack []ast.Node
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if n == nil {
			switch stack[len(stack)-1].(type) {
			case *ast.FuncDecl, *ast.FuncLit:
				params = params[:len(params)-1]
			}
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		switch fn := n.(type) {
		case *ast.FuncDecl:
			params = append(params, fn.Type.Params)
		case *ast.FuncLit:
			params = append(params, fn.Type.Params)
		}
		_, fn, _ := call(n)
		if slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, fn) {
			if recv, _, ok := call(n); ok && typeOf(recv, params) != "" && !strings.HasPrefix(typeOf(recv, params), "testing.") {
				return true
			}
			out = append(out, f.at(n, "%s: only package testdb skips a test, and never under CI", fn))
		}
		return true
	})
	return out
}

// typeOf returns the type, as "package.Name", of the innermost parameter of that name;
// "" if there is none or it is not of such a type.
func typeOf(name string, params []*ast.FieldList) string {
	for _, list := range slices.Backward(params) {
		for _, field := range list.List {
			if !slices.ContainsFunc(field.Names, func(id *ast.Ident) bool { return id.Name == name }) {
				continue
			}
			typ := field.Type
			if star, ok := typ.(*ast.StarExpr); ok {
				typ = star.X
			}
			if sel, ok := typ.(*ast.SelectorExpr); ok {
				return fmt.Sprint(sel.X, ".", sel.Sel)
			}
			return ""
		}
	}
	return ""
}

// length finds files that are too long.
func length(f *file) []finding {
	const most = 800
	if n := strings.Count(f.text, "\n"); n > most {
		return []finding{{f.name, fmt.Sprintf("%d lines, at most %d: split it by what it is about", n, most)}}
	}
	return nil
}

func TestPackageComments(t *testing.T) {
	for _, found := range comments(repository(t)) {
		t.Error(found)
	}
}

// comments finds packages without a doc.go, without a comment in it, and with a second
// package comment elsewhere.
func comments(files []*file) (out []finding) {
	documented := map[string]bool{}
	for _, f := range files {
		if !documented[f.pkg] {
			documented[f.pkg] = false // seen
		}
		if f.ast.Doc == nil {
			continue
		}
		text := f.ast.Doc.Text()
		want := "Package " + f.ast.Name.Name + " "
		if f.ast.Name.Name == "main" {
			want = "Command "
		}
		switch {
		case text == "": // a directive
		case path.Base(f.name) != "doc.go":
			out = append(out, f.at(f.ast.Doc, "the package comment belongs into doc.go"))
		case !strings.HasPrefix(text, want):
			out = append(out, f.at(f.ast.Doc, "the package comment must begin with %q", want))
		default:
			documented[f.pkg] = true
		}
	}
	for pkg, ok := range documented {
		if !ok {
			out = append(out, finding{pkg, "has no doc.go with a package comment"})
		}
	}
	return out
}

func TestNothingLeftOpen(t *testing.T) {
	err := walk(func(name string) error {
		if !slices.Contains([]string{".go", ".js", ".mod", ".sh", ".sql", ".html", ".css", ".yml", ".yaml", ".md"}, path.Ext(name)) && path.Base(name) != "Makefile" {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if os.IsNotExist(err) {
			return nil
		}
		for _, found := range open(name, string(text)) {
			t.Error(found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// marks of work left open, written so that this file has none.
var marks = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|X{3})\b`)

// open finds marks of work left open in any text.
func open(name, text string) (out []finding) {
	for i, line := range strings.Split(text, "\n") {
		if mark := marks.FindString(line); mark != "" {
			out = append(out, finding{fmt.Sprintf("%s:%d", name, i+1), mark + ": finish it, or put it on the issue list"})
		}
	}
	return out
}
