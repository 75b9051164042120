//go:build !js

package spillway_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// The tests of this file carry the numbers of the rows of configuration in the list of
// what Spillway has to offer.

// opened opens a database and closes it with the test.
func opened(t *testing.T, cfg spillway.Config) *spillway.DB {
	t.Helper()
	db, err := spillway.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Both words for Postgres.
func TestSeed35PostgresURLs(t *testing.T) {
	rest := testdb.Postgres(t)
	rest = rest[strings.Index(rest, "://"):]
	for _, scheme := range []string{"postgresql", "postgres"} {
		if err := opened(t, spillway.Config{URL: scheme + rest}).Health(t.Context()); err != nil {
			t.Errorf("%s: %v", scheme, err)
		}
	}
}

// sqlite:///app.db is relative, four slashes are absolute, none or :memory: is memory.
func TestSeed36SQLiteURLs(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for url, file := range map[string]string{
		"sqlite:///app.db": "app.db", "sqlite:///" + filepath.Join(dir, "abs.db"): "abs.db", "sqlite:short.db": "short.db",
		"sqlite://": "", "sqlite::memory:": "",
	} {
		opened(t, spillway.Config{URL: url})
		if file != "" {
			if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
				t.Errorf("%s: %v", url, err)
			}
		}
	}
	if files, _ := os.ReadDir("."); len(files) == 0 || strings.Contains(files[0].Name(), ":memory:") {
		t.Errorf("%v", files)
	}
}

func refused(t *testing.T, url string) string {
	t.Helper()
	_, err := spillway.Open(t.Context(), spillway.Config{URL: url})
	if !errors.Is(err, spillway.ErrConfig) {
		t.Fatalf("%s: %v", url, err)
	}
	if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v: want one line, and no password", err)
	}
	return err.Error()
}

// MySQL is refused with what is supported instead; the README says so too.
func TestSeed37MySQLIsRefused(t *testing.T) {
	for _, url := range []string{"mysql://u:secret@h/db", "mysql+pymysql://u:secret@h/db", "mariadb://u:secret@h/db"} {
		if text := refused(t, url); !strings.Contains(text, "postgres://") || !strings.Contains(text, "sqlite:") {
			t.Errorf("%s", text)
		}
	}
	readme, err := os.ReadFile("README.md")
	if err != nil || !strings.Contains(string(readme), "Not supported: MySQL") {
		t.Errorf("the README does not say it: %v", err)
	}
}

// The driver behind a + is of no account.
func TestSeed38DriverSuffixes(t *testing.T) {
	rest := testdb.Postgres(t)
	rest = rest[strings.Index(rest, "://"):]
	for _, url := range []string{"postgresql+asyncpg" + rest, "postgresql+psycopg2" + rest, "postgres+psycopg" + rest, "sqlite+aiosqlite://", "sqlite+pysqlite:///:memory:"} {
		if err := opened(t, spillway.Config{URL: url}).Health(t.Context()); err != nil {
			t.Errorf("%s: %v", url[:strings.Index(url, ":")], err)
		}
	}
}

// A ready configuration of pgxpool is taken, its limits too; contradictions are errors.
func TestSeed39OwnEngine(t *testing.T) {
	cfg := parse(t, testdb.Postgres(t))
	cfg.MaxConns = 3
	cfg.ConnConfig.RuntimeParams["application_name"] = "of my own"
	db := opened(t, spillway.Config{Postgres: cfg})
	name, err := models.One(t.Context(), db, models.Raw[string]("SHOW application_name").ReadOnly())
	if s := db.Stats(); s.Size != 3 || s.Overflow != 0 || name != "of my own" || err != nil {
		t.Errorf("size %d, overflow %d, %q, %v", s.Size, s.Overflow, name, err)
	}
	if _, err := spillway.Open(t.Context(), spillway.Config{Postgres: cfg, Size: 50}); !errors.Is(err, spillway.ErrConfig) || !strings.Contains(err.Error(), "3 connections") {
		t.Errorf("%v", err)
	}
}

// The zero value is the default: 10 connections are kept, 20 more come under load.
func TestSeed41And42SizeAndOverflow(t *testing.T) {
	if s := opened(t, spillway.Config{URL: "sqlite::memory:"}).Stats(); s.Size != 10 || s.Overflow != 20 {
		t.Errorf("size %d, overflow %d", s.Size, s.Overflow)
	}
	if s := opened(t, spillway.Config{URL: "sqlite::memory:", Size: 2, Overflow: spillway.NoOverflow}).Stats(); s.Size != 2 || s.Overflow != 0 {
		t.Errorf("size %d, overflow %d", s.Size, s.Overflow)
	}
}

// A caller waits 30 s for a connection, or as long as Timeout says.
func TestSeed43Timeout(t *testing.T) {
	if got := (pool.Config{}).WithDefaults().Timeout; got != 30*time.Second {
		t.Errorf("%v", got)
	}
	db := opened(t, spillway.Config{URL: testdb.Postgres(t), Size: 1, Overflow: spillway.NoOverflow, Timeout: spillway.NoWait})
	s := db.Session()
	defer s.Close()
	if err := s.Begin(t.Context(), models.TxOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := models.One(t.Context(), db, models.Raw[int]("SELECT 1")); !errors.Is(err, spillway.ErrTimeout) {
		t.Errorf("%v", err)
	}
}

// Connections are replaced after an hour, or when they are as old as Recycle says.
func TestSeed44Recycle(t *testing.T) {
	if got := (pool.Config{}).WithDefaults().Recycle; got != time.Hour {
		t.Errorf("%v", got)
	}
	db := opened(t, spillway.Config{URL: testdb.Postgres(t), Size: 1, Overflow: spillway.NoOverflow, Recycle: time.Second, RecycleJitter: -1})
	pid := func() int64 {
		t.Helper()
		n, err := models.One(t.Context(), db, models.Raw[int64]("SELECT pg_backend_pid()").ReadOnly())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	first := pid()
	for end := time.Now().Add(20 * time.Second); pid() == first; {
		if time.Now().After(end) {
			t.Fatal("the connection is never replaced")
		}
	}
}

// log collects log lines of many goroutines.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// echoed is what a small program logs.
func echoed(t *testing.T, cfg spillway.Config) string {
	t.Helper()
	var l log
	cfg.Logger = slog.New(slog.NewTextHandler(&l, &slog.HandlerOptions{Level: slog.LevelDebug}))
	db, err := spillway.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err = db.CreateTables(t.Context()); err == nil {
		err = models.Create(t.Context(), db, &thing{Name: "canary-argument"})
	}
	if err == nil {
		_, err = models.All(t.Context(), db, models.From(thingT).Where(models.Eq(&thingT.Name, "canary-argument")))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(l.String(), "canary-argument") || strings.Contains(l.String(), testdb.Password) {
		t.Errorf("the log shows an argument or a password: %s", l.String())
	}
	return l.String()
}

// Echo logs every statement, without arguments.
func TestSeed45Echo(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		on, off := echoed(t, spillway.Config{URL: url, Echo: true}), echoed(t, spillway.Config{URL: url})
		for _, sql := range []string{"CREATE TABLE", "INSERT INTO", "SELECT"} {
			if !strings.Contains(on, sql) || strings.Contains(off, sql) {
				t.Errorf("%s: with echo %v, without %v", sql, strings.Contains(on, sql), strings.Contains(off, sql))
			}
		}
	})
}

// EchoPool logs what the pool does, and no statement.
func TestSeed46EchoPool(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		on, off := echoed(t, spillway.Config{URL: url, EchoPool: true}), echoed(t, spillway.Config{URL: url})
		if !strings.Contains(on, "connect") || strings.Contains(on, "INSERT") || len(off) >= len(on) {
			t.Errorf("with: %s\nwithout: %s", on, off)
		}
	})
}

// Open is create_engine: nothing has to be done before the first query.
func TestSeed47Open(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db := opened(t, spillway.Config{URL: url})
		if n, err := models.One(t.Context(), db, models.Raw[int]("SELECT 41 + 1").ReadOnly()); n != 42 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}

// circleA and circleB refer to each other, and row to both.
type (
	circleRow struct {
		models.Model
		AID int64 `db:",fk=circle_as.id"`
		BID int64 `db:",fk=circle_bs.id"`
	}
	circleA struct {
		models.Model
		BID *int64 `db:",fk=circle_bs.id"`
	}
	circleB struct {
		models.Model
		AID *int64 `db:",fk=circle_as.id"`
	}
)

var (
	_        = models.Register[circleRow]()
	circleAT = models.Register[circleA]()
	_        = models.Register[circleB]()
)

// CreateTables brings tables into the order of their keys, circles too, and can be run
// again.
func TestSeed48CreateTables(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		ctx := t.Context()
		db := opened(t, spillway.Config{URL: url})
		for range 2 {
			if err := db.CreateTables(ctx); err != nil {
				t.Fatal(err)
			}
		}
		a, b := &circleA{}, &circleB{}
		if err := errors.Join(models.Create(ctx, db, a), models.Create(ctx, db, b)); err != nil {
			t.Fatal(err)
		}
		if _, err := models.Exec(ctx, db, models.Update(circleAT).Set(models.To(&circleAT.BID, &b.ID)).Where(models.Eq(&circleAT.ID, a.ID))); err != nil {
			t.Error(err)
		}
		wrong := int64(999)
		for _, err := range []error{models.Create(ctx, db, &circleB{AID: &wrong}), models.Create(ctx, db, &circleRow{AID: a.ID, BID: wrong})} {
			if !errors.Is(err, spillway.ErrForeignKey) {
				t.Errorf("%v", err)
			}
		}
	})
}

// Without a URL there is a database all the same, and the log says which.
func TestSeed50BuiltInDatabase(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct{ variable, file, says string }{
		{"", "app.db", "the default"}, {"sqlite:other.db", "other.db", spillway.URLVariable},
	} {
		t.Setenv(spillway.URLVariable, c.variable)
		var l log
		opened(t, spillway.Config{Logger: slog.New(slog.NewTextHandler(&l, nil))})
		if _, err := os.Stat(c.file); err != nil || !strings.Contains(l.String(), c.file) || !strings.Contains(l.String(), c.says) {
			t.Errorf("%q: %v, log %s", c.variable, err, l.String())
		}
	}
}

// Other kinds of databases are refused in one line.
func TestSeed52NoSQL(t *testing.T) {
	for _, url := range []string{"mongodb://u:secret@h/db", "mongodb+srv://u:secret@h/db", "redis://h", "cassandra://h", "oracle://u:secret@h/db"} {
		if text := refused(t, url); !strings.Contains(text, "postgres://") || len(text) > 400 {
			t.Errorf("%s", text)
		}
	}
}
