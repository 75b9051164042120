package integration

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testleak"
	"github.com/spillwaydb/spillway/models"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(childEnv); url != "" {
		writeUntilKilled(url)
	}
	testleak.Main(m)
}

// An entry is a row that a test can recognize: Token is the test's own.
type entry struct {
	models.Model
	Owner int64  `db:",index"`
	Token string `db:",unique"`
	Value int64
}

var entryT = models.Register[entry]()

// open opens a database until the test ends and creates the tables.
func open(t *testing.T, cfg spillway.Config) *spillway.DB {
	t.Helper()
	db, err := spillway.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	if err := db.CreateTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// A ledger is what the database said about each row that a test wrote, by token. It is
// safe for concurrent use.
type ledger struct {
	mu             sync.Mutex
	acked, unknown map[string]bool
	failed         map[string]error
	kinds          map[string]int // errors by their kind, for the log
}

func newLedger() *ledger {
	return &ledger{acked: map[string]bool{}, unknown: map[string]bool{}, failed: map[string]error{}, kinds: map[string]int{}}
}

// unknowns is how many outcomes are unknown so far.
func (l *ledger) unknowns() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.unknown)
}

// acknowledged is how many rows are so far, and snapshot which.
func (l *ledger) acknowledged() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acked)
}

func (l *ledger) snapshot() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.acked))
}

// join adds what another ledger has, which nobody writes to any more.
func (l *ledger) join(other *ledger) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.Copy(l.acked, other.acked)
	maps.Copy(l.unknown, other.unknown)
	maps.Copy(l.failed, other.failed)
	for kind, n := range other.kinds {
		l.kinds[kind] += n
	}
}

// book enters the answer for one row.
func (l *ledger) book(token string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.acked[token] = true
	case errors.Is(err, spillway.ErrOutcomeUnknown):
		l.unknown[token] = true
		l.kinds["outcome unknown"]++
	default:
		l.failed[token] = err
		kind := fmt.Sprintf("%T", err)
		var e *spillway.Error
		if errors.As(err, &e) {
			kind = e.Kind.Error()
		}
		if errors.Is(err, spillway.ErrNotStarted) {
			kind = "not started, " + kind
		}
		l.kinds[kind]++
	}
}

// check compares the answers with what is stored: every acknowledged row, no row whose
// write failed for sure, and of those of unknown outcome any.
func (l *ledger) check(t *testing.T, stored map[string]bool) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	t.Logf("%d rows acknowledged, %d unknown, %d failed, %d stored; errors: %v", len(l.acked), len(l.unknown), len(l.failed), len(stored), l.kinds)
	lost := 0
	for token := range l.acked {
		if !stored[token] {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d acknowledged rows are lost", lost)
	}
	for token := range stored {
		if !l.acked[token] && !l.unknown[token] {
			t.Errorf("row %s is stored, but was answered with: %v", token, l.failed[token])
		}
	}
	if n := len(stored); n < len(l.acked) || n > len(l.acked)+len(l.unknown) {
		t.Errorf("%d rows stored, want from %d to %d", n, len(l.acked), len(l.acked)+len(l.unknown))
	}
}

// tokens reads the tokens of all entries.
func tokens(ctx context.Context, t *testing.T, h models.Handle) map[string]bool {
	t.Helper()
	rows, err := models.All(ctx, h, models.Select1(models.Col(&entryT.Token)))
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]bool, len(rows))
	for _, r := range rows {
		out[r] = true
	}
	if len(out) != len(rows) {
		t.Errorf("%d rows hold only %d tokens", len(rows), len(out))
	}
	return out
}

// eventually polls until f reports true; what says for what.
func eventually(t *testing.T, within time.Duration, what string, f func() bool) {
	t.Helper()
	end := time.NewTimer(within)
	defer end.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !f() {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("after %v still not: %s", within, what)
		}
	}
}
