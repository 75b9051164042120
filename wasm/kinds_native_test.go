//go:build !js

package wasm_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// TestEveryErrorHasItsName compares two source files, since the table exists in the
// browser's build only.
func TestEveryErrorHasItsName(t *testing.T) {
	listed, err := os.ReadFile("kinds_js.go")
	if err != nil {
		t.Fatal(err)
	}
	root, err := parser.ParseFile(token.NewFileSet(), "../errors.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(root, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for _, id := range spec.Names {
			if !strings.HasPrefix(id.Name, "Err") {
				continue
			}
			n++
			if line := `{"` + id.Name + `", spillway.` + id.Name + `},`; !strings.Contains(string(listed), line) {
				t.Errorf("kinds_js.go does not list %s", id.Name)
			}
		}
		return true
	})
	if n == 0 {
		t.Error("no errors found in the root package")
	}
}
