package program

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// findings is what the files of a program say about its models.
type findings struct {
	// types are the structs to register, by package.
	types map[*goPackage][]string
	// configs are the variables, and functions without parameters, that give a
	// spillway.Config.
	configs []config
}

type config struct {
	pkg  *goPackage
	expr string
}

const (
	rootPath   = "github.com/spillwaydb/spillway"
	modelsPath = rootPath + "/models"
)

// typeName is a named type of the module.
type typeName struct {
	pkg  *goPackage
	name string
}

// finder reads the files.
type finder struct {
	byPath   map[string]*goPackage
	embeds   map[typeName][]typeName // what a struct embeds of the module
	model    map[typeName]bool       // looks like a model by itself
	embedded map[typeName]bool       // is embedded by another struct
	asked    map[typeName]bool       // is given to Register or New
	structs  map[typeName]bool
	configs  []config
}

// find reads all files of the packages. A struct is a model if it embeds models.Model,
// directly or through another struct, has a relation field or a field tagged pk, or is
// given to models.Register or models.New; but not if its only use is being embedded.
func find(packages []*goPackage) (*findings, error) {
	f := &finder{
		byPath: map[string]*goPackage{}, embeds: map[typeName][]typeName{}, model: map[typeName]bool{},
		embedded: map[typeName]bool{}, asked: map[typeName]bool{}, structs: map[typeName]bool{},
	}
	for _, p := range packages {
		f.byPath[p.ImportPath] = p
	}
	for _, p := range packages {
		if p.ImportPath == modelsPath || p.ImportPath == rootPath {
			continue // the library itself
		}
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, fmt.Errorf("describe the program: %w", err)
			}
			f.file(p, file)
		}
	}
	for changed := true; changed; { // a struct is what it embeds
		changed = false
		for t, parts := range f.embeds {
			if !f.model[t] && slices.ContainsFunc(parts, func(e typeName) bool { return f.model[e] }) {
				f.model[t], changed = true, true
			}
		}
	}
	out := &findings{types: map[*goPackage][]string{}, configs: f.configs}
	for t := range f.structs {
		if f.asked[t] || f.model[t] && !f.embedded[t] {
			out.types[t.pkg] = append(out.types[t.pkg], t.name)
		}
	}
	// Config, config, cfg and the like before others.
	slices.SortStableFunc(out.configs, func(a, b config) int { return rank(a) - rank(b) })
	return out, nil
}

func rank(c config) int {
	if c.pkg.Name == "main" {
		return 0
	}
	return 1
}

// file reads one file.
func (f *finder) file(p *goPackage, file *ast.File) {
	names := map[string]string{} // imports by name
	for _, spec := range file.Imports {
		at, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(at)
		if q := f.byPath[at]; q != nil {
			name = q.Name
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = at
	}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					f.typeSpec(p, names, s)
				case *ast.ValueSpec:
					if d.Tok == token.VAR {
						f.variables(p, names, s)
					}
				}
			}
		case *ast.FuncDecl:
			t := d.Type
			if d.Recv == nil && t.TypeParams == nil && len(t.Params.List) == 0 && t.Results != nil && len(t.Results.List) == 1 &&
				selects(t.Results.List[0].Type, names, rootPath, "Config") {
				f.config(p, d.Name.Name+"()")
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		x, ok := n.(*ast.IndexExpr)
		if ok && (selects(x.X, names, modelsPath, "Register") || selects(x.X, names, modelsPath, "New")) {
			if t, ok := f.named(p, names, x.Index); ok {
				f.asked[t] = true
			}
		}
		return true
	})
}

// variables looks for a spillway.Config.
func (f *finder) variables(p *goPackage, names map[string]string, s *ast.ValueSpec) {
	for i, name := range s.Names {
		typ := s.Type
		if typ == nil && i < len(s.Values) {
			v := s.Values[i]
			if u, ok := v.(*ast.UnaryExpr); ok {
				v = u.X
			}
			if lit, ok := v.(*ast.CompositeLit); ok {
				typ = lit.Type
			}
		}
		if typ != nil && name.Name != "_" && selects(typ, names, rootPath, "Config") {
			f.config(p, name.Name)
		}
	}
}

// config notes what gives a configuration, if the main package can reach it.
func (f *finder) config(p *goPackage, expr string) {
	if p.Name == "main" || ast.IsExported(expr) {
		f.configs = append(f.configs, config{p, expr})
	}
}

func (f *finder) typeSpec(p *goPackage, names map[string]string, s *ast.TypeSpec) {
	st, ok := s.Type.(*ast.StructType)
	if !ok || s.TypeParams != nil || s.Assign.IsValid() {
		return
	}
	t := typeName{p, s.Name.Name}
	f.structs[t] = true
	for _, field := range st.Fields.List {
		typ := field.Type
		if len(field.Names) == 0 {
			if selects(typ, names, modelsPath, "Model") {
				f.model[t] = true
			} else if e, ok := f.named(p, names, typ); ok {
				f.embeds[t] = append(f.embeds[t], e)
				f.embedded[e] = true
			}
			continue
		}
		if x, ok := typ.(*ast.IndexExpr); ok {
			for _, rel := range []string{"HasMany", "HasOne", "BelongsTo"} {
				f.model[t] = f.model[t] || selects(x.X, names, modelsPath, rel)
			}
		}
		if field.Tag != nil && isKey(field.Tag.Value) {
			f.model[t] = true
		}
	}
}

// isKey reports whether a struct tag makes a field a key.
func isKey(literal string) bool {
	tag, err := strconv.Unquote(literal)
	if err != nil {
		return false
	}
	_, options, _ := strings.Cut(reflect.StructTag(tag).Get("db"), ",")
	return slices.ContainsFunc(strings.Split(options, ","), func(o string) bool { return strings.TrimSpace(o) == "pk" })
}

// selects reports whether x is name of the package with that path.
func selects(x ast.Expr, names map[string]string, at, name string) bool {
	if star, ok := x.(*ast.StarExpr); ok {
		x = star.X
	}
	switch x := x.(type) {
	case *ast.SelectorExpr:
		id, ok := x.X.(*ast.Ident)
		return ok && x.Sel.Name == name && names[id.Name] == at
	case *ast.Ident:
		return x.Name == name && names["."] == at
	}
	return false
}

// named returns the type of the module that x names.
func (f *finder) named(p *goPackage, names map[string]string, x ast.Expr) (typeName, bool) {
	switch x := x.(type) {
	case *ast.Ident:
		return typeName{p, x.Name}, true
	case *ast.SelectorExpr:
		if id, ok := x.X.(*ast.Ident); ok {
			if q := f.byPath[names[id.Name]]; q != nil {
				return typeName{q, x.Sel.Name}, true
			}
		}
	}
	return typeName{}, false
}
