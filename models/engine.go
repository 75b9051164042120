package models

import (
	"context"
	"fmt"
	"time"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/pool"
)

// A Handle is what a verb works on: a *spillway.DB, on which each call is a unit of its
// own (no identity map, committed at once), or a *[Session]. To wrap one, embed it.
type Handle interface {
	enter(ctx context.Context) (Target, error)
	leave()
}

// A Target is what a compiled verb works on: an *[Engine], or the *[Unit] of a session.
// It is for package async.
type Target interface {
	engine() *Engine
	unit() *Unit // nil for an Engine
}

// Connections is what an Engine needs of a *pool.Pool.
type Connections interface {
	pool.Runner
	Features() driver.Features
}

// An Engine compiles verbs for one database. The root package embeds one into its DB,
// which makes the DB a [Handle]. It is safe for concurrent use.
type Engine struct {
	connections Connections
	registry    *Registry
	dialect     dialect.Dialect
	// shared: statements of several callers may share flights.
	shared  bool
	shapes  shapes
	watcher watcher // nil if nobody wants to hear of loops
}

// NewEngine makes an engine over a pool. A nil registry means the default one.
func NewEngine(c Connections, r *Registry) (*Engine, error) {
	name := c.Features().Name
	d, ok := dialect.ByName(name)
	if !ok {
		return nil, fmt.Errorf("models: no SQL dialect for the backend %q", name)
	}
	if r == nil {
		r = defaultRegistry
	}
	e := &Engine{connections: c, registry: r, dialect: d, shared: c.Features().Sharing != nil}
	if w, ok := c.(watcher); ok && w.RepeatAfter() > 0 {
		e.watcher = w
	}
	return e, nil
}

func (e *Engine) enter(context.Context) (Target, error) { return e, nil }
func (e *Engine) leave()                                {}
func (e *Engine) engine() *Engine                       { return e }
func (e *Engine) unit() *Unit                           { return nil }

// drain is how long giving a connection back may take.
func (e *Engine) drain() time.Duration {
	if d, ok := e.connections.(interface{ DrainTimeout() time.Duration }); ok {
		return d.DrainTimeout()
	}
	return time.Second
}

// RegistryOf returns the registry of an engine. It is for the packages that create and
// migrate tables.
func RegistryOf(e *Engine) *Registry { return e.registry }

// RunnerOf returns what carries out the operations of the chains of t: the pool, or for
// a unit whatever connection it holds when an operation is submitted. It is for package
// async.
func RunnerOf(t Target) pool.Runner {
	if u := t.unit(); u != nil {
		return unitRunner{u}
	}
	return t.engine().connections
}

// do carries a chain out in the calling goroutine, hooks included.
func do[T any](ctx context.Context, t Target, c link.Chain[T]) (T, error) {
	prelude(ctx, c)
	return carryOut(ctx, t, c)
}

// carryOut carries a chain out without the hooks before it.
func carryOut[T any](ctx context.Context, t Target, c link.Chain[T]) (T, error) {
	drive(ctx, t, c)
	if f, ok := c.(link.Finisher[T]); ok {
		return f.Finish()
	}
	return c.Result()
}

// Carry carries a chain out in the calling goroutine. It is for package async.
func Carry[T any](ctx context.Context, t Target, c link.Chain[T]) (T, error) { return do(ctx, t, c) }

// DrainTimeout is how long giving a connection of e back may take. It is for package
// async.
func DrainTimeout(e *Engine) time.Duration { return e.drain() }

// run is a verb on a handle: it compiles the chain and carries it out.
func run[T any](ctx context.Context, h Handle, compile func(t Target) link.Chain[T]) (T, error) {
	t, err := h.enter(ctx)
	if err != nil {
		var zero T
		return zero, err
	}
	defer h.leave()
	return do(ctx, t, compile(t))
}
