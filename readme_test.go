//go:build !js

package spillway_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The program of the README compiles, runs and prints what the README says.
func TestReadmeProgram(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(lang string) string {
		m := regexp.MustCompile("(?s)```" + lang + "\n(.*?)```").FindSubmatch(text)
		if m == nil {
			t.Fatalf("README.md has no %s block", lang)
		}
		return string(m[1])
	}
	// Inside the module, so that it is built against this checkout; a name that starts
	// with an underscore is passed over by ./...
	dir, err := os.MkdirTemp(".", "_readme")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(block("go")), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd := exec.CommandContext(t.Context(), "go", "run", "./"+dir)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if got, want := string(out), block("text"); got != want {
		t.Errorf("the program printed\n%s\nthe README says\n%s", got, want)
	}
	if formatted, err := exec.CommandContext(t.Context(), "gofmt", "-l", dir).Output(); err != nil || len(formatted) > 0 {
		t.Errorf("the program is not formatted: %s %v", formatted, err)
	}
}
