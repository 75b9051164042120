package postgres

import (
	"context"
	"net"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// An attempt is one call of Connect. pgxpool goes on connecting when its caller has
// given up, and keeps the connection for the next one; ours must be gone by then. So
// pgxpool gets a context that never ends, and the attempt ends the dialing under it.
type attempt struct {
	ctx context.Context

	mu    sync.Mutex
	over  bool // later dials, for cancel requests, are none of its business
	stops []func() bool
}

type attemptKey struct{}

// attempted makes the hooks and the dialing of a configuration obey the attempt that
// they run for.
func attempted(config *pgxpool.Config) {
	before := config.BeforeConnect
	config.BeforeConnect = func(ctx context.Context, cc *pgx.ConnConfig) error {
		a, ok := ctx.Value(attemptKey{}).(*attempt)
		if ok {
			ctx = a.ctx
		}
		if before != nil {
			if err := before(ctx, cc); err != nil {
				return err
			}
		}
		if !ok {
			return nil
		}
		dial, lookup := cc.DialFunc, cc.LookupFunc
		cc.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			both, cancel := a.join(ctx)
			defer cancel()
			conn, err := dial(both, network, addr)
			if err != nil {
				return nil, err
			}
			a.watch(conn)
			return conn, nil
		}
		cc.LookupFunc = func(ctx context.Context, host string) ([]string, error) {
			both, cancel := a.join(ctx)
			defer cancel()
			return lookup(both, host)
		}
		return nil
	}
	if after := config.AfterConnect; after != nil {
		config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			if a, ok := ctx.Value(attemptKey{}).(*attempt); ok {
				ctx = a.ctx
			}
			return after(ctx, conn)
		}
	}
	if prepare := config.PrepareConn; prepare != nil {
		config.PrepareConn = func(ctx context.Context, conn *pgx.Conn) (bool, error) {
			if a, ok := ctx.Value(attemptKey{}).(*attempt); ok {
				ctx = a.ctx
			}
			return prepare(ctx, conn)
		}
	}
}

// join returns a context that ends with ctx and with the attempt.
func (a *attempt) join(ctx context.Context) (context.Context, context.CancelFunc) {
	a.mu.Lock()
	over := a.over
	a.mu.Unlock()
	if over {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(a.ctx, func() { cancel(context.Cause(a.ctx)) })
	return ctx, func() { stop(); cancel(nil) }
}

// watch closes conn when the attempt ends before its time.
func (a *attempt) watch(conn net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.over {
		a.stops = append(a.stops, context.AfterFunc(a.ctx, func() { _ = conn.Close() }))
	}
}

// end lets go of the attempt's connections and tells whether one of them was closed.
func (a *attempt) end() (late bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
	for _, stop := range a.stops {
		if !stop() {
			late = true
		}
	}
	return late
}
