package spillwaytest

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/spillwaydb/spillway"
)

// Queries runs fn and fails the test unless it sent n statements to the database, which
// must come from [Template.Open]. What begins and ends transactions is not counted. The
// message lists the statements. fn must have got all answers when it returns; what other
// goroutines send meanwhile is counted too.
func Queries(tb testing.TB, db *spillway.DB, n int, fn func()) {
	tb.Helper()
	r, ok := records.Load(db)
	if !ok {
		tb.Fatal("spillwaytest: Queries needs a database from Template.Open")
	}
	rec := r.(*record)
	rec.start()
	fn()
	if got := rec.stop(); len(got) != n {
		var list strings.Builder
		for i, sql := range got {
			fmt.Fprintf(&list, "\n%3d  %s", i+1, sql)
		}
		tb.Errorf("%d statements were sent, want %d:%s", len(got), n, list.String())
	}
}

// records are the records of the databases that are open, by *spillway.DB.
var records sync.Map

// record hears the statements of one database, as the echo of its pool tells them.
type record struct {
	slog.Handler // of the program
	echo         bool

	mu  sync.Mutex
	on  bool
	sql []string
}

// listen has the statements of a configuration echoed into a record.
func listen(cfg *spillway.Config) *record {
	logger := cfg.Logger
	if logger == nil {
		logger = slog.Default()
	}
	r := &record{Handler: logger.Handler(), echo: cfg.Echo}
	cfg.Echo, cfg.Logger = true, slog.New(r)
	return r
}

func (r *record) start() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on, r.sql = true, nil
}

func (r *record) stop() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on = false
	return r.sql
}

// Enabled implements slog.Handler: what is counted is heard at any level.
func (r *record) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelInfo || r.Handler.Enabled(ctx, l)
}

// Handle implements slog.Handler.
func (r *record) Handle(ctx context.Context, line slog.Record) error {
	if line.Message == "statement" {
		line.Attrs(func(a slog.Attr) bool {
			if a.Key != "sql" {
				return true
			}
			r.note(a.Value.String())
			return false
		})
		if !r.echo {
			return nil // the program did not ask for it
		}
	}
	if !r.Handler.Enabled(ctx, line.Level) {
		return nil
	}
	return r.Handler.Handle(ctx, line)
}

func (r *record) note(sql string) {
	word, _, _ := strings.Cut(sql, " ")
	switch strings.ToUpper(word) {
	case "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "START", "END", "SET":
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on {
		r.sql = append(r.sql, sql)
	}
}
