package models_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// What a method of Query[R] or Expr[V] does must not be compiled again for each type: see
// query.with and term.
func TestCoresAreNotInlined(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || !ofTerm(f.Recv) && !copies(f.Body) {
				continue
			}
			found++
			if f.Doc == nil || !strings.HasSuffix(f.Doc.List[len(f.Doc.List)-1].Text, "go:noinline") {
				t.Errorf("%s: %s lacks //go:noinline", e.Name(), f.Name.Name)
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d methods were found: the test looks for the wrong thing", found)
	}
}

// ofTerm reports whether a receiver is a term.
func ofTerm(recv *ast.FieldList) bool {
	typ, ok := recv.List[0].Type.(*ast.Ident)
	return ok && typ.Name == "term"
}

// copies reports whether a method is nothing but one call of its receiver's query.with.
func copies(body *ast.BlockStmt) bool {
	if body == nil || len(body.List) != 1 {
		return false
	}
	ret, ok := body.List[0].(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 1 {
		return false
	}
	call, ok := ret.Results[0].(*ast.CallExpr)
	if !ok {
		return false
	}
	with, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || with.Sel.Name != "with" {
		return false
	}
	_, own := with.X.(*ast.Ident) // else it is a query that something else keeps
	return own
}
