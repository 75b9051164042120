//go:build unix

package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/spillwaydb/spillway/internal/testdb"
)

// command is a child process that is the command.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	cmd.Dir = t.TempDir()
	return cmd
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	if e := (*exec.ExitError)(nil); errors.As(err, &e) {
		return e.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

func sources(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../demo")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestInterruptWhileItWorks(t *testing.T) {
	cmd := command(t, "demo", "--url", testdb.SQLite(t))
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	if !lines.Scan() { // the first line of progress
		t.Fatal("no progress:", lines.Err())
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	last := lines.Text()
	for lines.Scan() {
		last = lines.Text()
	}
	if code := exitCode(t, cmd.Wait()); code != 130 || last != "spillway: stopped: interrupt" || stdout.Len() != 0 {
		t.Errorf("exit code %d, output %q, last line %q", code, &stdout, last)
	}
}

var served = regexp.MustCompile(`Serving (http://\S+) until interrupted`)

func TestServesUntilItIsStopped(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		cmd := command(t, "demo", "--json", "--src", sources(t), "--url", testdb.SQLite(t), "--listen", "127.0.0.1:0")
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		var stdout bytes.Buffer
		cmd.Stdout = &stdout
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stderr)
		var at []string
		for at == nil && lines.Scan() {
			at = served.FindStringSubmatch(lines.Text())
		}
		if at == nil {
			t.Fatal("it does not serve:", lines.Err())
		}
		for path, want := range map[string]string{"healthz": `"stage":"done"`, "": `data-done="true"`} {
			r, err := http.Get(at[1] + path)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r.Body)
			r.Body.Close()
			if err != nil || r.StatusCode != 200 || !strings.Contains(string(body), want) {
				t.Errorf("/%s: status %d, %s, %v", path, r.StatusCode, body, err)
			}
		}
		http.DefaultClient.CloseIdleConnections()
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			t.Errorf("after %v it said %q", sig, lines.Text())
		}
		// It was asked to serve until stopped, so being stopped is no failure.
		if code := exitCode(t, cmd.Wait()); code != 0 || !json.Valid(stdout.Bytes()) {
			t.Errorf("%v: exit code %d, output %s", sig, code, &stdout)
		}
	}
}

func TestTheDefaultDatabaseIsAFileInTheWorkingDirectory(t *testing.T) {
	cmd := command(t, "demo", "--json", "--src", sources(t))
	out, err := cmd.Output()
	if code := exitCode(t, err); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	var report struct{ Database string }
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	want, err := filepath.EvalSymlinks(cmd.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if report.Database != filepath.Join(want, "spillway-demo.db") {
		t.Errorf("database %q, want it in %s", report.Database, want)
	}
	if _, err := os.Stat(report.Database); err != nil {
		t.Error(err)
	}
}
