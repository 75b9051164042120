package sqlview

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"sync"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/pool"
)

// A View is a pool as database/sql sees it. It is safe for concurrent use.
type View struct {
	pool    *pool.Pool
	dialect dialect.Dialect
	label   string

	mu     sync.Mutex
	db     *sql.DB // made when it is asked for, since it has a goroutine
	closed bool

	stopOnce sync.Once
	stopped  chan struct{}
}

// New makes a view. label is how its connections appear in errors and leak reports.
// Close it with the pool.
func New(p *pool.Pool, label string) *View {
	d, _ := dialect.ByName(p.Features().Name) // there is no other
	return &View{pool: p, dialect: d, label: label, stopped: make(chan struct{})}
}

// DB returns the view, always the same. Closing it closes the view, not the pool.
func (v *View) DB() *sql.DB {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.db == nil {
		v.db = sql.OpenDB(connector{v})
		v.db.SetMaxIdleConns(-1) // an idle connection here is a lease there
		if v.closed {
			_ = v.db.Close() // it has nothing open
		}
	}
	return v.db
}

// Interrupt ends the rows that are still open, so that a pool which is being closed does
// not wait for whoever forgot them.
func (v *View) Interrupt() { v.stopOnce.Do(func() { close(v.stopped) }) }

// Close refuses new work. What runs may finish.
func (v *View) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	if v.db == nil {
		return nil
	}
	return v.db.Close()
}

// connector implements sqldriver.Connector.
type connector struct{ v *View }

// Connect implements sqldriver.Connector. It takes nothing from the pool yet.
func (c connector) Connect(context.Context) (sqldriver.Conn, error) { return &conn{v: c.v}, nil }

// Driver implements sqldriver.Connector.
func (c connector) Driver() sqldriver.Driver { return viewDriver{c} }

// viewDriver is what (*sql.DB).Driver returns.
type viewDriver struct{ c connector }

// Open implements sqldriver.Driver; the name is of no use to a view.
func (d viewDriver) Open(string) (sqldriver.Conn, error) { return d.c.Connect(context.Background()) }

// readers reports whether reading connections are others than the one that writes.
func (v *View) readers() bool {
	f := v.pool.Features()
	return f.SingleWriter && !f.SingleConnection
}

// lease takes a connection.
func (v *View) lease(ctx context.Context, role driver.Role, readOnly bool) (*pool.Lease, error) {
	l := pool.NewLease(v.label)
	l.ReadOnly = readOnly
	op := &pool.Op{Role: role, Take: l, Label: v.label}
	if err := v.pool.Do(ctx, op); err != nil {
		l.Release()
		return nil, err
	}
	return l, nil
}
