package spillwaytest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillwaydb/spillway"
)

// A Template is a database that is prepared once, when the first test asks for it, and
// copied for each. It is safe for concurrent use.
type Template struct {
	cfg     spillway.Config
	prepare func(ctx context.Context, db *spillway.DB) error

	mu     sync.Mutex
	source source // nil until prepared
	err    error  // of preparing
	copies int
}

// A source is where copies come from.
type source interface {
	// copy makes the n-th copy, for the test alone, and returns its URL.
	copy(tb testing.TB, n int) string
	remove() error
}

// stepTimeout bounds one step, such as making a copy.
const stepTimeout = time.Minute

// New describes a template. cfg is how the program opens its database; URL says where:
//
//   - sqlite: with whatever behind it, or nothing where SPILLWAY_URL is not set either:
//     template and copies are files in temporary folders.
//   - postgres://…: they are databases beside the one named there, whose user must have the
//     right to create databases.
//
// The migrations of cfg are applied first, then prepare, which may be nil, fills the
// database with what all tests want to find.
func New(cfg spillway.Config, prepare func(ctx context.Context, db *spillway.DB) error) *Template {
	if cfg.URL == "" && cfg.Postgres == nil {
		cfg.URL = os.Getenv("SPILLWAY_URL")
	}
	return &Template{cfg: cfg, prepare: prepare}
}

// Main runs the tests of a package and removes the template: call it from TestMain. It
// exits with the code of the tests.
func (t *Template) Main(m *testing.M) {
	code := m.Run()
	if err := t.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// Close removes the template. Where there are several, close each when the tests have run;
// [Template.Main] does it for one.
func (t *Template) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.source == nil {
		return nil
	}
	s := t.source
	t.source = nil
	if err := s.remove(); err != nil {
		return fmt.Errorf("spillwaytest: remove the template: %w", err)
	}
	return nil
}

// Open gives the test a copy of its own. It is closed and removed when the test ends. A
// template that can not be prepared or copied ends the test.
func (t *Template) Open(tb testing.TB) *spillway.DB {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), stepTimeout)
	defer cancel()
	from, n, err := t.ready(ctx)
	if err != nil {
		tb.Fatalf("spillwaytest: %v", err)
	}
	cfg := t.cfg
	cfg.URL = from.copy(tb, n)
	cfg.Migrations = nil // the template has them
	record := listen(&cfg)
	db, err := spillway.Open(ctx, cfg)
	if err != nil {
		tb.Fatalf("spillwaytest: open the copy: %v", err)
	}
	records.Store(db, record)
	tb.Cleanup(func() {
		records.Delete(db)
		if err := db.Close(); err != nil {
			tb.Errorf("spillwaytest: close the database: %v", err)
		}
	})
	return db
}

// ready prepares the template, once, and numbers the copy.
func (t *Template) ready(ctx context.Context) (source, int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.source == nil && t.err == nil {
		t.source, t.err = t.make(ctx)
	}
	t.copies++
	return t.source, t.copies, t.err
}

func (t *Template) make(ctx context.Context) (source, error) {
	if t.cfg.Postgres != nil {
		return nil, errors.New("Config.Postgres names one database: set Config.URL instead")
	}
	var s source
	var at string
	var err error
	if t.cfg.URL == "" || strings.HasPrefix(t.cfg.URL, "sqlite:") {
		s, at, err = newFile()
	} else {
		s, at, err = newServer(ctx, t.cfg)
	}
	if err != nil {
		return nil, err
	}
	if err := t.fill(ctx, at); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare the template: %w", err), s.remove())
	}
	return s, nil
}

// fill prepares the database at a URL.
func (t *Template) fill(ctx context.Context, at string) error {
	cfg := t.cfg
	cfg.URL = at
	db, err := spillway.Open(ctx, cfg)
	if err != nil {
		return err
	}
	if t.prepare != nil {
		err = t.prepare(ctx, db)
	}
	return errors.Join(err, db.Close())
}

// file is a template in a file of SQLite's.
type file struct{ dir string }

func newFile() (source, string, error) {
	dir, err := os.MkdirTemp("", "spillwaytest")
	if err != nil {
		return nil, "", err
	}
	f := file{dir}
	return f, sqliteURL(f.path()), nil
}

func (f file) path() string { return filepath.Join(f.dir, "template.db") }

func sqliteURL(path string) string { return "sqlite:" + filepath.ToSlash(path) }

// copy implements source. The file has been closed, so all of it is in one.
func (f file) copy(tb testing.TB, _ int) string {
	tb.Helper()
	b, err := os.ReadFile(f.path())
	to := filepath.Join(tb.TempDir(), "test.db")
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		tb.Fatalf("spillwaytest: copy the template: %v", err)
	}
	return sqliteURL(to)
}

func (f file) remove() error { return os.RemoveAll(f.dir) }

// server is a template that is a database of Postgres.
type server struct {
	admin *spillway.DB
	url   *url.URL
	name  string
}

func newServer(ctx context.Context, cfg spillway.Config) (source, string, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" {
		return nil, "", errors.New("Config.URL: want sqlite:… or postgres://user@host/database")
	}
	admin, err := spillway.Open(ctx, spillway.Config{
		URL: cfg.URL, Pooler: cfg.Pooler, Logger: cfg.Logger, Name: "spillwaytest", Size: 1, Overflow: spillway.NoOverflow,
	})
	if err != nil {
		return nil, "", err
	}
	s := &server{admin, u, fmt.Sprintf("spillwaytest_%d_%d", os.Getpid(), time.Now().UnixNano())}
	if err := s.execute(ctx, "CREATE DATABASE "+s.name); err != nil {
		return nil, "", errors.Join(err, admin.Close())
	}
	return s, s.at(s.name), nil
}

func (s *server) execute(ctx context.Context, sql string) error {
	_, err := s.admin.SQL().ExecContext(ctx, sql)
	return err
}

// at is the URL of another database of the server.
func (s *server) at(name string) string {
	u := *s.url
	u.Path = "/" + name
	return u.String()
}

// copy implements source.
func (s *server) copy(tb testing.TB, n int) string {
	tb.Helper()
	name := fmt.Sprintf("%s_%d", s.name, n)
	ctx, cancel := context.WithTimeout(tb.Context(), stepTimeout)
	defer cancel()
	if err := s.execute(ctx, "CREATE DATABASE "+name+" TEMPLATE "+s.name); err != nil {
		tb.Fatalf("spillwaytest: copy the template: %v", err)
	}
	tb.Cleanup(func() {
		// The test's own context has ended.
		ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
		defer cancel()
		if err := s.drop(ctx, name); err != nil {
			tb.Errorf("spillwaytest: remove the copy: %v", err)
		}
	})
	return s.at(name)
}

func (s *server) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	return errors.Join(s.drop(ctx, s.name), s.admin.Close())
}

// drop removes a database. Plain DROP sends the server's own autovacuum away, which FORCE
// may not do for a user who is no superuser; FORCE sends away what the program left open.
func (s *server) drop(ctx context.Context, name string) error {
	if err := s.execute(ctx, "DROP DATABASE "+name); err == nil {
		return nil
	}
	return s.execute(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
}
