package demo

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/spillwaydb/spillway/pool"
)

// shown returns what show prints within d of virtual time.
func shown(t *testing.T, terminal Terminal, d time.Duration) string {
	t.Helper()
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		p := &progress{}
		p.enter(stageIndex)
		p.total.Store(6495)
		p.done.Store(3000)
		p.declarations.Store(120000)
		p.show(ctx, &out, terminal, func() pool.Stats { return pool.Stats{Used: 3, Idle: 7, Waiting: 12} })
	})
	return out.String()
}

func TestProgressInAPipeIsPlainLines(t *testing.T) {
	got := shown(t, Terminal{Width: 80}, 4500*time.Millisecond)
	want := "spillway: indexing: 3000 of 6495 files, 120000 declarations, connections 3 used 7 idle, 12 waiting, 2.0 s\n" +
		"spillway: indexing: 3000 of 6495 files, 120000 declarations, connections 3 used 7 idle, 12 waiting, 4.0 s\n"
	if got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}

func TestProgressOnATerminalIsOneLineThatIsRemoved(t *testing.T) {
	got := shown(t, Terminal{Live: true, Width: 140}, 350*time.Millisecond)
	lines := strings.Split(got, "\r\x1b[K")
	if len(lines) != 5 || lines[0] != "" || lines[4] != "" || strings.Contains(got, "\n") {
		t.Fatalf("want three drawings and a last removal in one line, got %q", lines)
	}
	want := "indexing          █████████▎            46%  300 ms  3,000/6,495 files  120,000 declarations  pool 3 used 7 idle 12 waiting"
	if strings.TrimSpace(lines[3]) != want {
		t.Errorf("got  %q\nwant %q", lines[3], want)
	}
}

func TestProgressNeverWraps(t *testing.T) {
	for width := 40; width < 140; width += 7 {
		for line := range strings.SplitSeq(shown(t, Terminal{Live: true, Width: width}, 250*time.Millisecond), "\r\x1b[K") {
			if n := utf8.RuneCountInString(line); n >= width {
				t.Errorf("a line of %d columns on a terminal of %d: %q", n, width, line)
			}
		}
	}
}
