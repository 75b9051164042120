//go:build !js

package migrate_test

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// countingLog counts the lines that tell of an applied migration.
type countingLog struct {
	slog.Handler
	applied atomic.Int32
}

func (l *countingLog) logger() *slog.Logger {
	l.Handler = slog.DiscardHandler
	return slog.New(l)
}

func (l *countingLog) Enabled(context.Context, slog.Level) bool { return true }

func (l *countingLog) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "spillway: migration applied" {
		l.applied.Add(1)
	}
	return nil
}
