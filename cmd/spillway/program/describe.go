package program

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spillwaydb/spillway/internal/schema"
	"github.com/spillwaydb/spillway/models"
)

// A Program is what was found.
type Program struct {
	// Models are the tables of its registered structs.
	Models []*schema.Table
	// URL is that of its spillway.Config; empty if it declares none, or an empty one.
	URL string
}

// ErrNoModels: the package leads to no model.
var ErrNoModels = errors.New("no models found")

// Describe describes the program whose main package pkg names, as an argument of the go
// command in dir. Another package will do too: then it is as if a program imported it.
// env is the environment for the go command; nil for that of the process.
func Describe(ctx context.Context, dir, pkg string, env []string) (*Program, error) {
	tmp, err := os.MkdirTemp("", "spillway-describe-")
	if err != nil {
		return nil, fmt.Errorf("describe the program: %w", err)
	}
	defer os.RemoveAll(tmp)
	g := &gocmd{dir: dir, env: env}
	packages, err := g.list(ctx, pkg)
	if err != nil {
		return nil, err
	}
	target := packages[len(packages)-1]
	found, err := find(packages)
	if err != nil {
		return nil, err
	}
	run, err := overlay(tmp, target, found)
	if err != nil {
		return nil, fmt.Errorf("describe the program: %w", err)
	}
	answer := filepath.Join(tmp, "answer.json")
	if err := g.run(ctx, filepath.Join(tmp, "overlay.json"), run, answer); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(answer)
	if err != nil {
		return nil, fmt.Errorf("describe the program: %s ended before its models were read: does an init function or a package variable of it call os.Exit?", target.ImportPath)
	}
	d, err := models.DecodeDescription(b)
	if err != nil {
		return nil, fmt.Errorf("describe the program: %w", err)
	}
	if len(d.Tables) == 0 {
		return nil, fmt.Errorf("%w in %s and what it imports of its module: embed models.Model into a struct, or name the right package with --package", ErrNoModels, target.ImportPath)
	}
	return &Program{Models: d.Tables, URL: d.URL}, nil
}

// gocmd calls the go command.
type gocmd struct {
	dir string
	env []string
}

func (g *gocmd) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = g.dir, g.env
	if g.env == nil {
		cmd.Env = os.Environ()
	}
	return cmd
}

// A goPackage is what go list says about a package.
type goPackage struct {
	Dir, ImportPath, Name string
	GoFiles, CgoFiles     []string
	Standard              bool
	Module                *struct {
		Path string
		Main bool
	}
	Error *struct{ Err string }
}

// list returns pkg and what it imports of its own module, in dependency order: pkg is
// the last.
func (g *gocmd) list(ctx context.Context, pkg string) ([]*goPackage, error) {
	cmd := g.command(ctx, "list", "-e", "-deps", "-json=Dir,ImportPath,Name,GoFiles,CgoFiles,Standard,Module,Error", "--", pkg)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return nil, errors.New("the models are found with the go command, which is not installed here: run it where the program is built")
		}
		return nil, fmt.Errorf("go list %s: %s", pkg, message(errs.String(), err))
	}
	var packages []*goPackage
	var target *goPackage
	for d := json.NewDecoder(&out); d.More(); {
		p := &goPackage{}
		if err := d.Decode(p); err != nil {
			return nil, fmt.Errorf("go list %s: %w", pkg, err)
		}
		target = p
		if !p.Standard && p.Module != nil && p.Module.Main {
			packages = append(packages, p)
		}
	}
	switch {
	case target == nil:
		return nil, fmt.Errorf("go list %s: there is no such package; name it with --package", pkg)
	case target.Error != nil:
		return nil, fmt.Errorf("go list %s: %s; name the package of the program with --package", pkg, message(target.Error.Err, nil))
	case len(packages) == 0 || packages[len(packages)-1] != target:
		return nil, fmt.Errorf("%s is not a package of the module here: name one with --package", target.ImportPath)
	}
	return packages, nil
}

// variable is where the program is to write what it is; without it the files of the
// overlay do nothing.
const variable = "SPILLWAY_DESCRIBE"

// run runs the program with the overlay.
func (g *gocmd) run(ctx context.Context, overlay, pkg, answer string) error {
	cmd := g.command(ctx, "run", "-overlay", overlay, pkg)
	cmd.Env = append(cmd.Env, variable+"="+answer)
	var errs bytes.Buffer
	cmd.Stderr = &errs // what it prints to standard output is its own affair
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("the program can not be described: %s", message(errs.String(), err))
	}
	return nil
}

// message is the part of an output that says what is wrong: a panic's first line, or the
// first lines of what a compiler says.
func message(out string, err error) string {
	var lines []string
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "panic: "):
			return strings.TrimPrefix(line, "panic: ")
		case line == "", strings.HasPrefix(line, "# "), strings.HasPrefix(line, "exit status"):
			continue
		case len(lines) < 5:
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 && err != nil {
		return err.Error()
	}
	return strings.Join(lines, "; ")
}

// fileName is that of the files in the overlay: the last of their package, so that its
// init functions come last.
const fileName = "zz_spillway_describe.go"

// overlay writes the files of the overlay, and returns what go run is to run.
func overlay(tmp string, target *goPackage, found *findings) (run string, err error) {
	replace := map[string]string{}
	add := func(path, text string) {
		name := filepath.Join(tmp, fmt.Sprintf("file%d.go", len(replace)))
		replace[path] = name
		if err == nil {
			err = os.WriteFile(name, []byte(text), 0o600)
		}
	}
	for p, types := range found.types {
		if p != target || p.Name != "main" {
			add(filepath.Join(p.Dir, fileName), registration(p, types))
		}
	}
	main, run := target, target.ImportPath
	if target.Name != "main" {
		main = &goPackage{Name: "main", Dir: filepath.Join(target.Dir, "zz_spillway_describe")}
		run = target.ImportPath + "/zz_spillway_describe"
	}
	add(filepath.Join(main.Dir, fileName), mainFile(main, target, found))
	b, e := json.Marshal(map[string]any{"Replace": replace})
	if err == nil {
		err = e
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(tmp, "overlay.json"), b, 0o600)
	}
	return run, err
}

// The names under which the files import what they need; those of the program must stay
// free for it.
const imports = `	spillwayModels "github.com/spillwaydb/spillway/models"
	spillwayOS "os"
`

// registration is the file for a package with models.
func registration(p *goPackage, types []string) string {
	return "package " + p.Name + "\n\nimport (\n" + imports + ")\n\nfunc init() {\n\tif spillwayOS.Getenv(\"" + variable + "\") == \"\" {\n\t\treturn\n\t}\n" + registrations(types) + "}\n"
}

func registrations(types []string) string {
	var b strings.Builder
	for _, t := range slices.Sorted(slices.Values(types)) {
		b.WriteString("\tspillwayModels.Register[" + t + "]()\n")
	}
	return b.String()
}

// mainFile is the file for the main package: it writes the answer and ends the program.
func mainFile(main, target *goPackage, found *findings) string {
	var b strings.Builder
	b.WriteString("package main\n\nimport (\n" + imports)
	aliases := map[string]string{}
	for _, c := range found.configs {
		if c.pkg != main && aliases[c.pkg.ImportPath] == "" {
			aliases[c.pkg.ImportPath] = fmt.Sprintf("spillwayConfig%d", len(aliases))
			fmt.Fprintf(&b, "\t%s %q\n", aliases[c.pkg.ImportPath], c.pkg.ImportPath)
		}
	}
	if main != target {
		fmt.Fprintf(&b, "\t_ %q\n", target.ImportPath)
	}
	b.WriteString(")\n\nfunc init() {\n\tname := spillwayOS.Getenv(\"" + variable + "\")\n\tif name == \"\" {\n\t\treturn\n\t}\n")
	if main == target {
		b.WriteString(registrations(found.types[target]))
	}
	b.WriteString("\turl := \"\"\n")
	for _, c := range found.configs {
		expr := c.expr
		if a := aliases[c.pkg.ImportPath]; a != "" {
			expr = a + "." + expr
		}
		fmt.Fprintf(&b, "\tif url == \"\" {\n\t\turl = %s.URL\n\t}\n", expr)
	}
	b.WriteString(`	b, err := spillwayModels.Describe(url)
	if err == nil {
		err = spillwayOS.WriteFile(name, b, 0o600)
	}
	if err != nil {
		spillwayOS.Stderr.WriteString(err.Error() + "\n")
		spillwayOS.Exit(1)
	}
	spillwayOS.Exit(0)
}
`)
	if main != target {
		b.WriteString("\nfunc main() {}\n")
	}
	return b.String()
}
