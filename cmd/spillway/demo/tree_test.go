package demo

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"time"
)

// sample is a small tree with one of everything that scanning and parsing tell apart.
func sample() fstest.MapFS {
	at := time.Date(2026, 2, 3, 4, 5, 6, 7008009, time.UTC)
	tree := fstest.MapFS{}
	for name, text := range map[string]string{
		"go.mod": "// The tree.\nmodule \"example.com/tree\" // quoted\n\ngo 1.26\n",
		"a/a.go": `package a

import (
	"fmt"
	alias "example.com/tree/b"
	_ "dep.example/x"
	"fmt"
)

const (
	One, Two = 1, 2
	_        = 3
)

var state struct{ field int }

type (
	T[K any] struct{ k K }
	alias2   = T[int]
)

func (t *T[K]) String() string {
	return fmt.Sprint(t.k)
}

func (T[K]) get() (_ K) { return }

func F() { alias.G() }

func init() {}
`,
		"a/a_test.go":               "package a\n\nfunc helper() {}\n",
		"a/x_test.go":               "package a_test\n\nimport \"testing\"\n\nfunc TestX(*testing.T) {}\n",
		"a/testdata/ignored.go":     "package ignored\n",
		"a/notes.txt":               "no Go\n",
		".git/hook.go":              "package hook\n",
		"b/b.go":                    "package b\n\nfunc G() {}", // no newline at the end
		"b/broken.go":               "package b\n\nfunc H() {\n\nvar x = \n",
		"vendor/dep.example/x/x.go": "package x\n",
		"nested/go.mod":             "module example.com/other\n",
		"nested/deep/d.go":          "package deep\n\nimport \"dep.example/x\"\n",
		"empty.go":                  "",
	} {
		tree[name] = &fstest.MapFile{Data: []byte(text), ModTime: at}
	}
	return tree
}

func TestScanFindsGoFilesAndTheirImportPaths(t *testing.T) {
	tree, err := scan(t.Context(), sample())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range tree.files {
		got = append(got, f.path)
	}
	want := []string{
		"a/a.go", "a/a_test.go", "a/x_test.go", "b/b.go", "b/broken.go", "empty.go",
		"nested/deep/d.go", "vendor/dep.example/x/x.go",
	}
	if !slices.Equal(got, want) {
		t.Errorf("files\n%q, want\n%q", got, want)
	}
	for dir, want := range map[string]string{
		".": "example.com/tree", "a": "example.com/tree/a", "nested/deep": "example.com/other/deep",
		"vendor/dep.example/x": "example.com/tree/vendor/dep.example/x",
	} {
		if got := tree.packages[dir]; got != want {
			t.Errorf("directory %s is package %q, want %q", dir, got, want)
		}
	}
	if f := tree.files[0]; f.modTime.Nanosecond() != 7008000 || f.size == 0 {
		t.Errorf("a.go has modification time %v and size %d, want microseconds and its size", f.modTime, f.size)
	}
}

func TestScanOfTheStandardLibraryHasNoModulePrefix(t *testing.T) {
	tree, err := scan(t.Context(), fstest.MapFS{
		"go.mod":         {Data: []byte("module std\n")},
		"net/http/h.go":  {Data: []byte("package http\n")},
		"cmd/go.mod":     {Data: []byte("module cmd\n")},
		"cmd/go/main.go": {Data: []byte("package main\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if tree.packages["net/http"] != "net/http" || tree.packages["cmd/go"] != "cmd/go" {
		t.Errorf("packages %v, want their bare paths", tree.packages)
	}
}

func TestResolvePrefersTheNearestVendorDirectory(t *testing.T) {
	tree, err := scan(t.Context(), sample())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ dir, imported, want string }{
		{"a", "dep.example/x", "example.com/tree/vendor/dep.example/x"},
		{"nested/deep", "dep.example/x", "example.com/tree/vendor/dep.example/x"},
		{"a", "fmt", "fmt"},
		{".", "dep.example/x", "example.com/tree/vendor/dep.example/x"},
	} {
		if got := tree.resolve(c.dir, c.imported); got != c.want {
			t.Errorf("resolve(%q, %q) = %q, want %q", c.dir, c.imported, got, c.want)
		}
	}
}

func TestScanObeysItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := scan(ctx, sample()); !errors.Is(err, context.Canceled) {
		t.Errorf("scan with a canceled context: %v", err)
	}
}

func TestOpenTreeFollowsLinksAndNamesWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	real := filepath.Join(dir, "real")
	if err := os.Mkdir(real, 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	got, err := openTree(link)
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := filepath.EvalSymlinks(real); got != want {
		t.Errorf("openTree(%q) = %q, want %q", link, got, want)
	}
	missing := filepath.Join(dir, "missing")
	if _, err := openTree(missing); !errors.Is(err, fs.ErrNotExist) || err.Error() != "source tree "+missing+": no such file or directory" {
		t.Errorf("openTree of a missing directory: %v", err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := openTree(file); err == nil || err.Error() != "source tree "+file+": not a directory" {
		t.Errorf("openTree of a file: %v", err)
	}
}

func TestStandardLibraryIsThere(t *testing.T) {
	dir, err := standardLibrary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "fmt", "print.go")); err != nil {
		t.Error(err)
	}
}
