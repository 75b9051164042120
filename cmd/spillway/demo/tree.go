package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// A foundFile is one Go file of a tree before it is read.
type foundFile struct {
	path    string // slash separated, relative to the tree
	size    int64
	modTime time.Time // microseconds: what the database keeps
}

// A tree is a directory of Go source.
type tree struct {
	files []foundFile
	// packages maps each directory that holds Go files to its import path.
	packages map[string]string
}

// scan lists the Go files below fsys, tests included. Directories called testdata hold
// input for tests and are left out, as are those whose name begins with a dot.
func scan(ctx context.Context, fsys fs.FS) (*tree, error) {
	t := &tree{packages: map[string]string{}}
	prefixes := map[string]string{} // directory → import path of its module or parent
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.IsDir() {
			if p != "." && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")) {
				return fs.SkipDir
			}
			prefix, err := importPath(fsys, p, prefixes[path.Dir(p)])
			prefixes[p] = prefix
			return err
		}
		if path.Ext(p) != ".go" || !d.Type().IsRegular() {
			return nil
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed while we looked
		}
		if err != nil {
			return err
		}
		dir := path.Dir(p)
		t.packages[dir] = prefixes[dir]
		t.files = append(t.files, foundFile{p, info.Size(), info.ModTime().UTC().Truncate(time.Microsecond)})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the source tree: %w", err)
	}
	return t, nil
}

// importPath is the import path of directory dir, given that of its parent: what its own
// go.mod says, or the parent's with one more element. The module "std" has none, since
// its packages are imported by their bare path.
func importPath(fsys fs.FS, dir, parent string) (string, error) {
	mod, err := fs.ReadFile(fsys, path.Join(dir, "go.mod"))
	switch {
	case err == nil:
		if m := modulePath(mod); m != "" {
			if m == "std" {
				return ".", nil
			}
			return m, nil
		}
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	if dir == "." {
		return ".", nil
	}
	return path.Join(parent, path.Base(dir)), nil
}

// modulePath returns the path in the module line of a go.mod file.
func modulePath(mod []byte) string {
	for line := range bytes.Lines(mod) {
		if f := strings.Fields(string(line)); len(f) >= 2 && f[0] == "module" {
			return strings.Trim(f[1], "\"`")
		}
	}
	return ""
}

// resolve returns the package that a file in directory dir means by an import: that of
// the nearest vendor directory above it, else the path as it stands.
func (t *tree) resolve(dir, imported string) string {
	for {
		if p, ok := t.packages[path.Join(dir, "vendor", imported)]; ok {
			return p
		}
		if dir == "." {
			return imported
		}
		dir = path.Dir(dir)
	}
}

// standardLibrary is the src directory of the machine's Go: what the go command says,
// else where this program was built.
func standardLibrary(ctx context.Context) (string, error) {
	root := ""
	if out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output(); err == nil {
		root = strings.TrimSpace(string(out))
	}
	if root == "" {
		//lint:ignore SA1019 the last resort where no go command is
		root = runtime.GOROOT()
	}
	if root == "" {
		return "", errors.New("no Go installation found: put the go command into PATH, or name a source tree with --src")
	}
	return filepath.Join(root, "src"), nil
}

// openTree checks that dir is a directory that can be read and returns it with its
// symbolic links followed: where Linux distributions package Go, GOROOT/src is one.
func openTree(dir string) (string, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err == nil {
		var info os.FileInfo
		if info, err = os.Stat(real); err == nil && !info.IsDir() {
			err = errors.New("not a directory")
		}
	}
	if err != nil {
		if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
			err = pe.Err
		}
		return "", fmt.Errorf("source tree %s: %w", dir, err)
	}
	return real, nil
}
