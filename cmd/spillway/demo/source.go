package demo

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// A source is what one Go file says: its package clause, its imports and its top-level
// declarations. Their foreign keys are not known yet.
type source struct {
	foundFile
	clause       string // the name in the package clause
	imports      []importSpec
	declarations []*Declaration
	lines        int64
	problem      string // why the rest of the file could not be parsed, or empty
}

// An importSpec is one line of an import declaration.
type importSpec struct {
	path, alias string
	line        int64
}

// parse reads a file. With header it stops behind the imports. A file with mistakes in
// it yields what the parser understood; the error is then in problem.
func parse(fsys fs.FS, f foundFile, header bool) (*source, error) {
	text, err := fs.ReadFile(fsys, f.path)
	if err != nil {
		return nil, fmt.Errorf("reading the source tree: %w", err)
	}
	mode := parser.SkipObjectResolution
	if header {
		mode |= parser.ImportsOnly
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, f.path, text, mode)
	s := &source{foundFile: f, lines: int64(bytes.Count(text, []byte{'\n'}))}
	if err != nil {
		s.problem = firstProblem(err)
	}
	if file == nil {
		return s, nil
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		s.lines++
	}
	if file.Name != nil {
		s.clause = file.Name.Name
	}
	for _, i := range file.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			continue // reported by the parser
		}
		spec := importSpec{path: p, line: int64(fset.Position(i.Pos()).Line)}
		if i.Name != nil {
			spec.alias = i.Name.Name
		}
		s.imports = append(s.imports, spec)
	}
	if !header {
		s.declarations = declarations(fset, file)
	}
	return s, nil
}

// firstProblem is the first message of a parser's error.
func firstProblem(err error) string {
	if list, ok := err.(scanner.ErrorList); ok && len(list) > 0 {
		return fmt.Sprintf("line %d: %s", list[0].Pos.Line, list[0].Msg)
	}
	return err.Error()
}

// declarations lists what a file declares at its top level. The blank name declares
// nothing that could be looked up and is left out.
func declarations(fset *token.FileSet, file *ast.File) []*Declaration {
	var out []*Declaration
	add := func(kind, receiver string, name *ast.Ident, node ast.Node) {
		if name.Name == "_" {
			return
		}
		from, to := fset.Position(node.Pos()).Line, fset.Position(node.End()).Line
		out = append(out, &Declaration{
			Kind: kind, Name: name.Name, Receiver: receiver,
			Line: int64(from), Lines: int64(to - from + 1), Exported: name.IsExported(),
		})
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || len(d.Recv.List) == 0 {
				add(KindFunc, "", d.Name, d)
			} else {
				add(KindMethod, receiver(d.Recv.List[0].Type), d.Name, d)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					add(KindType, "", s.Name, s)
				case *ast.ValueSpec:
					kind := KindVar
					if d.Tok == token.CONST {
						kind = KindConst
					}
					for _, name := range s.Names {
						add(kind, "", name, s)
					}
				}
			}
		}
	}
	return out
}

// receiver is the name of a method's receiver type, without pointer and type parameters.
func receiver(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return receiver(t.X)
	case *ast.ParenExpr:
		return receiver(t.X)
	case *ast.IndexExpr:
		return receiver(t.X)
	case *ast.IndexListExpr:
		return receiver(t.X)
	case *ast.Ident:
		return t.Name
	}
	return ""
}

// test reports whether the file belongs to tests.
func (s *source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// packagePath is the import path of the file's package. Tests in a package of their own
// have the directory's path and "_test", as the go command names them.
func (s *source) packagePath(t *tree) string {
	p := t.packages[path.Dir(s.path)]
	if s.test() && strings.HasSuffix(s.clause, "_test") {
		p += "_test"
	}
	return p
}
