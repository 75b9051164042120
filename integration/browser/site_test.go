package browser

import (
	"embed"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

//go:embed site
var pages embed.FS

// programs are the compiled programs of this run, by package path; each is built once.
var programs struct {
	sync.Mutex
	dir   string
	built map[string]string
}

// goTool runs the go command in the repository's directory dir, for the browser.
func goTool(tb testing.TB, dir string, args ...string) {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// program returns the file name under which a site serves the compiled program key; build
// compiles it into the file it is given, if no test did yet.
func program(tb testing.TB, key string, build func(file string)) string {
	tb.Helper()
	programs.Lock()
	defer programs.Unlock()
	if programs.built == nil {
		programs.built = make(map[string]string)
	}
	if programs.built[key] == "" {
		name := strings.NewReplacer("/", "_", ".", "").Replace(key) + ".wasm"
		build(filepath.Join(programs.dir, name))
		programs.built[key] = name
	}
	return programs.built[key]
}

// newSite serves the page, the worker, Go's loader and the compiled programs on loopback.
// Every site is an origin of its own, with a file system of its own.
func newSite(tb testing.TB) *httptest.Server {
	tb.Helper()
	static, err := fs.Sub(pages, "site")
	if err != nil {
		tb.Fatal(err)
	}
	goroot, err := exec.CommandContext(tb.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		tb.Fatalf("go env GOROOT: %v", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(static))
	mux.HandleFunc("GET /wasm_exec.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(strings.TrimSpace(string(goroot)), "lib", "wasm", "wasm_exec.js"))
	})
	compiled := http.FileServer(http.Dir(programs.dir))
	mux.HandleFunc("GET /{name}", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.PathValue("name"), ".wasm") {
			w.Header().Set("Content-Type", "application/wasm") // streaming compilation insists on it
			compiled.ServeHTTP(w, r)
			return
		}
		http.FileServerFS(static).ServeHTTP(w, r)
	})
	s := httptest.NewServer(mux)
	tb.Cleanup(s.Close)
	return s
}
