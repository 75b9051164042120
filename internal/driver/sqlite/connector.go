package sqlite

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/ncruces/go-sqlite3/vfs/mvcc"

	"github.com/spillwaydb/spillway/internal/driver"
)

// connector implements [driver.Connector].
type connector struct {
	cfg    Config
	uri    string // without mode
	memory string // name of the database in memory, or empty

	// gate lets one connection at a time open or close: only then WAL mode takes locks
	// that others meet (recovery by the first connection, removal of the WAL by the
	// last).
	gate  chan struct{}
	ready bool // the file is set up; guarded by gate
	used  int  // connections that are open; guarded by gate

	closeOnce sync.Once
	migrating chan struct{} // held by who has the lock
}

// New makes a Connector. It looks at the settings only: the file is opened, and
// created, by the first Connect.
func New(cfg Config) (driver.Connector, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	c := &connector{cfg: cfg, gate: make(chan struct{}, 1), migrating: make(chan struct{}, 1)}
	switch {
	case cfg.Memory:
		c.memory = rand.Text()
		c.uri = "file:/" + c.memory + "?vfs=mvcc"
		mvcc.Create(c.memory, mvcc.Snapshot{})
	case c.osFiles():
		abs, err := filepath.Abs(cfg.Path)
		if err != nil {
			return nil, err
		}
		abs = filepath.ToSlash(abs)
		if !strings.HasPrefix(abs, "/") {
			abs = "/" + abs // a Windows drive
		}
		c.uri = "file://" + escapePath(abs) + "?vfs=os"
	default:
		c.uri = "file:" + escapePath(cfg.Path) + "?vfs=" + escapePath(cfg.VFS)
	}
	return c, nil
}

// osFiles reports whether the database is a file of the operating system.
func (c *connector) osFiles() bool {
	return !c.cfg.Memory && (c.cfg.VFS == "" || c.cfg.VFS == "os")
}

// Connect implements [driver.Connector].
func (c *connector) Connect(ctx context.Context, role driver.Role) (driver.Conn, error) {
	return c.connect(ctx, role, false)
}

func (c *connector) connect(ctx context.Context, role driver.Role, maintenance bool) (driver.Conn, error) {
	if err := c.enter(ctx); err != nil {
		return nil, err
	}
	defer c.leave()
	if c.singleConnection() {
		if c.used > 0 {
			return nil, &driver.Error{
				Kind: driver.ErrBusy, Message: fmt.Sprintf("%q can be open only once, and it is", c.database()),
				Hint: "close the other connection first",
			}
		}
		role = driver.Writer // the only connection does everything
	}
	if !c.ready && role == driver.Reader && !c.cfg.ReadOnly {
		// A reader can not create the file, nor put it in WAL mode.
		first, err := c.open(ctx, driver.Writer, maintenance)
		if err != nil {
			return nil, err
		}
		c.ready = true
		if err := first.discard(); err != nil {
			return nil, c.openError(err)
		}
	}
	conn, err := c.open(ctx, role, maintenance)
	if err != nil {
		return nil, err
	}
	c.ready = true
	c.used++
	return conn, nil
}

// enter takes the gate.
func (c *connector) enter(ctx context.Context) error {
	select {
	case c.gate <- struct{}{}:
		if ctx.Err() == nil {
			return nil
		}
		c.leave()
	case <-ctx.Done():
	}
	return canceled(ctx, nil)
}

func (c *connector) leave() { <-c.gate }

// Features implements [driver.Connector].
func (c *connector) Features() driver.Features {
	return driver.Features{
		Name:              "sqlite",
		Database:          c.database(),
		SingleWriter:      true,
		SingleConnection:  c.singleConnection(),
		NoForeignKeyNames: true,
		NoSerialization:   true,
	}
}

// singleConnection reports whether there may be one connection only. A program in a
// browser has one thread, so a second connection to a database in memory would cost
// memory and gain nothing.
func (c *connector) singleConnection() bool { return c.cfg.Exclusive || runtime.GOOS == "js" }

// database names the database in messages.
func (c *connector) database() string {
	if c.cfg.Memory {
		return ":memory:"
	}
	return c.cfg.Path
}

// Close implements [driver.Connector]. A database in memory is gone afterwards.
func (c *connector) Close() error {
	c.closeOnce.Do(func() {
		if c.memory != "" {
			mvcc.Delete(c.memory)
		}
	})
	return nil
}

// escapePath escapes a path for a URI file name
// (https://www.sqlite.org/uri.html#the_uri_path).
func escapePath(path string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(path) {
		switch ch := path[i]; {
		case ch == '/', ch == '.', ch == '-', ch == '_', ch == ':',
			ch >= '0' && ch <= '9', ch >= 'a' && ch <= 'z', ch >= 'A' && ch <= 'Z':
			b.WriteByte(ch)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[ch>>4])
			b.WriteByte(hex[ch&15])
		}
	}
	return b.String()
}
