package pool

import (
	"context"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// Maintenance makes a second pool over the same database, of one connection that is kept
// to no time limits, for changing the schema. On SQLite foreign keys are not enforced on
// it. It opens nothing yet, is in no metrics, and has to be closed before p is.
//
// Where a database can be open only once (in a browser) its connection is refused while
// p has one.
func (p *Pool) Maintenance() (*Pool, error) {
	var c driver.Connector = kept{p.connector}
	if m, ok := p.connector.(driver.Maintainer); ok {
		c = m.Maintenance()
	}
	p.mu.Lock()
	cfg := p.cfg
	p.mu.Unlock()
	return New(c, Config{
		Name: cfg.Name + " (maintenance)", Size: 1, Overflow: NoOverflow, Timeout: Never, Recycle: Never, QueueLimit: Unlimited,
		ConnectTimeout: cfg.ConnectTimeout, PrePing: PingNever, DrainTimeout: cfg.DrainTimeout,
		Echo: cfg.Echo, EchoPool: cfg.EchoPool, Logger: cfg.Logger,
	})
}

// Lock takes the lock under which the schema of the database is changed, where the
// database has none that a statement could take; see [driver.Locker]. Elsewhere it does
// nothing.
func (p *Pool) Lock(ctx context.Context) (unlock func() error, err error) {
	if l, ok := p.connector.(driver.Locker); ok {
		return l.Lock(ctx)
	}
	return func() error { return nil }, nil
}

// kept is a connector that belongs to somebody else.
type kept struct{ driver.Connector }

// Close implements driver.Connector.
func (kept) Close() error { return nil }

// SetDrainTimeout implements driver.Drainer.
func (k kept) SetDrainTimeout(d time.Duration) {
	if dr, ok := k.Connector.(driver.Drainer); ok {
		dr.SetDrainTimeout(d)
	}
}
