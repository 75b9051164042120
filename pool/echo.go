package pool

import (
	"context"
	"log/slog"
	"time"
)

// Events of the pool as EchoPool logs them.
const (
	evOpened        = "connection opened"
	evClosed        = "connection closed"
	evConnectFailed = "connecting failed"
	evPingFailed    = "connection did not answer the check before use"
	evInvalidated   = "all connections declared stale"
	evReadOnly      = "writer found itself on a read-only server"
	evLeased        = "connection taken by an owner"
	evReleased      = "connection returned by its owner"
	evReset         = "connection reset"
	evTimeout       = "operation timed out before its start"
	evQueueFull     = "operation refused: queue is full"
	evRefused       = "operation refused"
	evResized       = "pool resized"
	evPoolClosed    = "pool closed"
)

// echo writes the log lines of Config.Echo and Config.EchoPool. Arguments of statements
// never reach it: a driver.Statement's text holds none, and the errors of the seam do
// not either.
type echo struct {
	logger          *slog.Logger
	statement, pool bool
	name            string
}

func newEcho(cfg Config) echo {
	return echo{logger: cfg.Logger, statement: cfg.Echo, pool: cfg.EchoPool, name: cfg.Name}
}

// statements logs what an operation sent.
func (e *echo) statements(op *Op, took time.Duration) {
	if !e.statement {
		return
	}
	for i := range op.Statements {
		s := &op.Statements[i]
		attrs := make([]slog.Attr, 0, 6)
		attrs = append(attrs,
			slog.String("pool", e.name),
			slog.String("sql", s.SQL),
			slog.Duration("took", took),
			slog.Int64("rows", s.Affected),
		)
		if len(op.Statements) > 1 {
			attrs = append(attrs, slog.Int("flight", len(op.Statements)))
		}
		level := slog.LevelInfo
		if s.Err != nil {
			level = slog.LevelError
			attrs = append(attrs, slog.String("err", s.Err.Error()))
		}
		e.logger.LogAttrs(context.Background(), level, "statement", attrs...)
	}
}

// log writes an event of the pool. It must not be called with Pool.mu held: a log
// handler may be slow.
func (p *Pool) log(event string, args ...any) {
	if !p.echo.pool {
		return
	}
	attrs := make([]any, 0, len(args)+2)
	attrs = append(attrs, "pool", p.echo.name)
	for i := 0; i+1 < len(args); i += 2 {
		if args[i+1] == nil {
			continue // an error that is not there
		}
		attrs = append(attrs, args[i], args[i+1])
	}
	p.echo.logger.Info(event, attrs...)
}
