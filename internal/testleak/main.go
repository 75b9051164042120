package testleak

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Grace is how long goroutines have to end after the last test. It is generous, since
// it costs nothing when nothing leaks.
const Grace = 5 * time.Second

// known are functions whose goroutines belong to the runtime or the test framework.
var known = []string{
	"testing.(*M).",
	"testing.Main(",
	"testing.runFuzzing(",
	"testing.tRunner(",
	"os/signal.signal_recv(",
	"os/signal.loop(",
	"runtime.ReadTrace(",
	"runtime.ensureSigM",
	"runtime/pprof.",
	"internal/fuzz.",
}

// Main runs the tests, runs cleanup, checks for goroutines left behind and exits with
// the result. It does not return.
func Main(m *testing.M, cleanup ...func()) {
	code := m.Run()
	for _, f := range cleanup {
		f()
	}
	if left := Wait(Grace); code == 0 && len(left) > 0 {
		fmt.Fprintf(os.Stderr, "testleak: %d goroutines left after the tests:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
		code = 1
	}
	os.Exit(code)
}

// Wait waits until no goroutine but the caller's and the known ones is left, at most
// for d, and returns the stacks of the others.
func Wait(d time.Duration) []string {
	end := time.NewTimer(d)
	defer end.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		left := others()
		if len(left) == 0 {
			return nil
		}
		select {
		case <-end.C:
			return left
		case <-tick.C:
		}
	}
}

// others returns the stacks of all goroutines except the caller's and the known ones.
func others() []string {
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	stacks := strings.Split(strings.TrimSpace(string(buf)), "\n\n")
	var left []string
stack:
	for _, s := range stacks[1:] { // the first one is the caller's
		for _, k := range known {
			if strings.Contains(s, k) {
				continue stack
			}
		}
		left = append(left, s)
	}
	return left
}
