package pool_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/pool"
)

// A relay stands before a real server. It notes what goes out, and lets a test do
// something to a flight before the server gets it, or after.
type relay struct {
	*fake.Connector
	before, after func(ctx context.Context, f *driver.Flight) error

	mu   sync.Mutex
	sent []string // the texts of each flight's statements
}

func openRelay(t testing.TB, url string, cfg pool.Config, more ...string) (*store, *relay) {
	t.Helper()
	r := &relay{}
	r.Connector = &fake.Connector{
		Inner: server(t, url),
		OnFly: func(ctx context.Context, _ *fake.Conn, f *driver.Flight) (bool, error) {
			texts := make([]string, len(f.Statements))
			for i := range f.Statements {
				texts[i] = f.Statements[i].SQL
			}
			r.mu.Lock()
			r.sent = append(r.sent, strings.Join(texts, ";"))
			r.mu.Unlock()
			if r.before == nil {
				return false, nil
			}
			return false, r.before(ctx, f)
		},
		AfterFly: func(ctx context.Context, _ *fake.Conn, f *driver.Flight) error {
			if r.after == nil {
				return nil
			}
			return r.after(ctx, f)
		},
	}
	return openStoreOn(t, r, cfg, more...), r
}

// since returns the flights that went out after the first n.
func (r *relay) since(n int) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.sent[n:]...)
}

func (r *relay) count() int { return len(r.since(0)) }

// grouped reports whether a flight is one that several writes share, and reading whether
// it is one that several reads share in a transaction.
func grouped(f *driver.Flight) bool {
	return len(f.Statements) > 4 && strings.Contains(f.Statements[2].SQL, "IMMEDIATE")
}

func reading(f *driver.Flight) bool {
	return len(f.Statements) > 3 && strings.Contains(f.Statements[0].SQL, "READ ONLY")
}
