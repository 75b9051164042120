package sqlite

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3/vfs"
)

// DefaultBusyTimeout is how long a connection waits for another process.
const DefaultBusyTimeout = 5 * time.Second

// DefaultStatementCache is the number of prepared statements that a connection keeps.
const DefaultStatementCache = 256

// Config describes one database.
type Config struct {
	// Path is the file. A relative path is resolved when the Connector is made. The
	// file is created if it does not exist; its directory is not. A VFS gets the path
	// as it is.
	Path string
	// Memory asks for a database in memory, of its own; Path must be empty.
	Memory bool
	// ReadOnly opens an existing file without ever changing it.
	ReadOnly bool
	// Synchronous is how sure a commit is. Defaults to Full.
	Synchronous Synchronous
	// BusyTimeout is how long to wait while another process holds the database. Negative
	// means not at all. Defaults to DefaultBusyTimeout.
	BusyTimeout time.Duration
	// VFS is the registered name of the file system to use. Defaults to the operating
	// system's.
	VFS string
	// Exclusive opens the file for one connection only, which needs neither file locks
	// nor shared memory. Defaults to true where a program has no shared memory
	// (GOOS=js, wasip1).
	Exclusive bool
	// StatementCache is the number of prepared statements that a connection keeps.
	// Defaults to DefaultStatementCache.
	StatementCache int
	// Pragmas are set on each new connection, in this order and before anything else.
	// Those that this package sets from its own fields are refused.
	Pragmas []Pragma
}

// A Pragma is a setting of SQLite, such as cache_size.
type Pragma struct {
	Name, Value string
}

// Synchronous is the value of PRAGMA synchronous.
type Synchronous uint8

const (
	// Full syncs at each commit: what was committed survives a power failure.
	Full Synchronous = iota
	// Extra is Full that also syncs the directory where SQLite knows about it.
	Extra
	// Normal syncs at checkpoints: the last commits may be lost, the file stays sound.
	Normal
	// Off never syncs: a power failure may destroy the file.
	Off
)

// synchronous holds name and number of each level.
var synchronous = [...]struct{ name, number string }{
	Full: {"FULL", "2"}, Extra: {"EXTRA", "3"}, Normal: {"NORMAL", "1"}, Off: {"OFF", "0"},
}

// String returns SQLite's name of the level.
func (s Synchronous) String() string {
	if int(s) < len(synchronous) {
		return synchronous[s].name
	}
	return fmt.Sprintf("Synchronous(%d)", uint8(s))
}

// ownPragmas are set from fields of Config.
var ownPragmas = map[string]string{
	"journal_mode": "it is always WAL", "locking_mode": "use Exclusive", "synchronous": "use Synchronous",
	"query_only": "use ReadOnly", "busy_timeout": "use BusyTimeout",
}

// check fills in defaults and refuses what can not work.
func (cfg *Config) check() error {
	switch {
	case cfg.Memory && cfg.Path != "":
		return fmt.Errorf("sqlite: a database in memory has no path, but Path is %q", cfg.Path)
	case cfg.Memory && cfg.ReadOnly:
		return errors.New("sqlite: a database in memory can not be read-only: it would stay empty")
	case cfg.Memory && cfg.VFS != "":
		return fmt.Errorf("sqlite: a database in memory takes no VFS, but VFS is %q", cfg.VFS)
	case !cfg.Memory && cfg.Path == "":
		return errors.New("sqlite: no path to a database file")
	case strings.ContainsRune(cfg.Path, 0):
		return errors.New("sqlite: the path holds a NUL character")
	case int(cfg.Synchronous) >= len(synchronous):
		return fmt.Errorf("sqlite: unknown level %v", cfg.Synchronous)
	}
	if vfs.Find(cfg.VFS) == nil {
		return fmt.Errorf("sqlite: no VFS is registered as %q", cfg.VFS)
	}
	if osVFS := cfg.VFS == "" || cfg.VFS == "os"; osVFS && !cfg.Memory && !vfs.SupportsFileLocking {
		if runtime.GOOS == "js" {
			return fmt.Errorf("sqlite: %q: a browser has no file system; name a VFS, or open the database in memory", cfg.Path)
		}
		return fmt.Errorf("sqlite: %q: this build has no file locks; build with -tags sqlite3_dotlk", cfg.Path)
	}
	for _, p := range cfg.Pragmas {
		if why, own := ownPragmas[strings.ToLower(p.Name)]; own {
			return fmt.Errorf("sqlite: pragma %s can not be set here: %s", p.Name, why)
		}
		if !word(p.Name, "_") || !word(p.Value, "_-+.") {
			return fmt.Errorf("sqlite: pragma %q is not a plain name with a plain value", p.Name)
		}
	}
	if cfg.BusyTimeout == 0 {
		cfg.BusyTimeout = DefaultBusyTimeout
	}
	if cfg.StatementCache <= 0 {
		cfg.StatementCache = DefaultStatementCache
	}
	if !vfs.SupportsSharedMemory && !cfg.Memory {
		cfg.Exclusive = true
	}
	return nil
}

// word reports whether s is not empty and made of ASCII letters, digits and extra.
func word(s, extra string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(extra, r) {
			return false
		}
	}
	return s != ""
}
