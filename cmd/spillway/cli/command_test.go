package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/spillwaydb/spillway/cmd/spillway/demo"
)

// run calls the command as main does and returns what it printed.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	c := Command{Args: args, Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }}
	code = c.run(t.Context())
	return code, out.String(), errs.String()
}

const canary = "canary-secret"

func TestBadCommandLinesAreOneLineAndExitCode2(t *testing.T) {
	dir := t.TempDir()
	file := dir + "/file"
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string // a part of the line that names what is wrong
	}{
		{[]string{"nope"}, "nope"},
		{[]string{"demo", "--bogus"}, "--bogus"},
		{[]string{"demo", "--ulr=postgres://ada:" + canary + "@h/x"}, `did you mean "--url"`},
		{[]string{"demo", "postgres://ada:" + canary + "@h/x"}, "unexpected argument"},
		{[]string{"demo", "postgres://ada:" + canary + "@@@h/x"}, "unexpected argument"},
		{[]string{"demo", "postgres://h/x?password=" + canary}, "unexpected argument"},
		{[]string{"demo", "host=h password='" + canary + " " + canary + "'"}, "unexpected argument"},
		{[]string{"demo", "--size=postgres://ada:" + canary + "@h/x"}, "--size"},
		{[]string{"demo", "--size"}, "--size"},
		{[]string{"demo", "--size=many"}, "--size"},
		{[]string{"demo", "--size=-1"}, "--size"},
		{[]string{"demo", "--overflow=-1"}, "--overflow"},
		{[]string{"demo", "--overflow=1", "--no-overflow"}, "--no-overflow"},
		{[]string{"demo", "--name= "}, "--name"},
		{[]string{"demo", "--listen=8080"}, "--listen"},
		{[]string{"demo", "--listen=localhost:no-such-port"}, "--listen"},
		{[]string{"demo", "--src=" + dir + "/missing"}, "missing: no such file or directory"},
		{[]string{"demo", "--src=" + file}, "not a directory"},
		{[]string{"demo", "--src=" + dir}, "no Go files"},
		{[]string{"demo", "--src=../demo", "--url=mysql://ada:" + canary + "@h/x"}, "spillway: MySQL is not supported"},
		{[]string{"demo", "--src=../demo", "--url=mongodb://ada:" + canary + "@h/x"}, "NoSQL"},
		{[]string{"demo", "--src=../demo", "--url=postgres://ada:" + canary + "@h:port/x"}, "port"},
		{[]string{"demo", "--src=../demo", "--url=nothing"}, "no scheme"},
		{[]string{"demo", "--src=../demo", "--url=sqlite:x.db?cache=shared"}, "cache"},
		{[]string{"version", "more"}, "more"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			code, stdout, stderr := run(t, c.args...)
			if code != exitUsage || stdout != "" {
				t.Errorf("exit code %d, output %q; want 2 and none", code, stdout)
			}
			if !strings.HasPrefix(stderr, "spillway: ") || strings.Count(stderr, "\n") != 1 || !strings.HasSuffix(stderr, "\n") {
				t.Errorf("want one line, got %q", stderr)
			}
			if !strings.Contains(stderr, c.want) {
				t.Errorf("%q does not name %q", stderr, c.want)
			}
			if strings.Contains(stderr, canary) {
				t.Errorf("a password is in %q", stderr)
			}
		})
	}
}

func TestDatabasesThatCanNotBeOpenedAreOneLineAndExitCode2(t *testing.T) {
	for _, url := range []string{
		"postgres://ada:" + canary + "@127.0.0.1:1/x?sslmode=disable", // nobody listens
		"sqlite:" + t.TempDir() + "/missing/x.db",
	} {
		code, stdout, stderr := run(t, "demo", "--src=../demo", "--url="+url)
		if code != exitUsage || stdout != "" || strings.Count(stderr, "\n") != 1 || strings.Contains(stderr, canary) {
			t.Errorf("%s: exit code %d, output %q, errors %q", url, code, stdout, stderr)
		}
	}
}

func TestWithoutACommandHelpIsPrintedAndTheExitCodeIs2(t *testing.T) {
	code, stdout, stderr := run(t)
	if code != exitUsage || stdout != "" || !strings.Contains(stderr, "demo") || !strings.Contains(stderr, "version") {
		t.Errorf("exit code %d, output %q, errors %q", code, stdout, stderr)
	}
}

func TestHelpExplains(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"help"}} {
		if code, stdout, stderr := run(t, args...); code != 0 || !strings.Contains(stdout, "Commands:") || stderr != "" {
			t.Errorf("%q: exit code %d, output %q, errors %q", args, code, stdout, stderr)
		}
	}
	for _, args := range [][]string{{"demo", "--help"}, {"help", "demo"}, {"demo", "-h"}} {
		code, stdout, stderr := run(t, args...)
		if code != 0 || stderr != "" {
			t.Errorf("%q: exit code %d, errors %q", args, code, stderr)
		}
		for _, part := range []string{"--url", "--src", "--name", "--json", "--listen", "--size", "--overflow", "--no-overflow", "SPILLWAY_DEMO_URL", demo.DefaultURL, "Examples:"} {
			if !strings.Contains(stdout, part) {
				t.Errorf("%q: the help lacks %s", args, part)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	for _, arg := range []string{"version", "--version"} {
		code, stdout, stderr := run(t, arg)
		if code != 0 || stderr != "" || !strings.HasPrefix(stdout, "spillway ") || strings.Count(stdout, "\n") != 1 {
			t.Errorf("%s: exit code %d, output %q, errors %q", arg, code, stdout, stderr)
		}
	}
}

func TestExitCodeOfASignal(t *testing.T) {
	for s, want := range map[os.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(&signalError{s})
		var errs bytes.Buffer
		c := Command{Stderr: &errs}
		// Work that a signal ended may report anything; the signal is the reason.
		if got := c.fail(c.cause(ctx, errors.New("statement canceled"))); got != want || errs.String() != fmt.Sprintf("spillway: stopped: %v\n", s) {
			t.Errorf("%v: exit code %d, %q", s, got, errs.String())
		}
	}
}
