//go:build !js

package spillway_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

// Bad input gets one line that names the thing and the way out, and no password.
func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("plain"), 0o600); err != nil {
		t.Fatal(err)
	}
	corrupt := filepath.Join(dir, "corrupt.db")
	if err := os.WriteFile(corrupt, bytes.Repeat([]byte("this is not a database. "), 500), 0o600); err != nil {
		t.Fatal(err)
	}
	closed := unusedAddress(t)
	pg := testdb.Postgres(t)
	wrongPassword := strings.Replace(pg, testdb.Password, "wrong-canary-password", 1)
	at := strings.LastIndex(pg, "/")
	noDatabase := pg[:at+1] + "no_such_database" + pg[at+1+strings.IndexAny(pg[at+1:]+"?", "?"):]
	const secret = "canary-secret"
	for _, c := range []struct {
		name, url string
		cfg       spillway.Config
		kind      error
		want      []string
	}{
		{name: "no scheme", kind: spillway.ErrConfig, url: "app.db", want: []string{"no scheme", "sqlite:file.db"}},
		{name: "unknown scheme", kind: spillway.ErrConfig, url: "oracle://u:" + secret + "@h/db", want: []string{`"oracle"`, "postgres://", "sqlite:"}},
		{name: "mysql", kind: spillway.ErrConfig, url: "mysql://u:" + secret + "@h/db", want: []string{"MySQL is not supported", "postgres://", "sqlite:"}},
		{name: "mysql with driver", kind: spillway.ErrConfig, url: "mysql+aiomysql://u:" + secret + "@h/db", want: []string{"MySQL is not supported"}},
		{name: "mongodb", kind: spillway.ErrConfig, url: "mongodb://u:" + secret + "@h/db", want: []string{"NoSQL", "postgres://"}},
		{name: "windows path", kind: spillway.ErrConfig, url: `C:\app.db`, want: []string{`sqlite:C:\app.db`}},
		{name: "host in a SQLite URL", kind: spillway.ErrConfig, url: "sqlite://app.db", want: []string{`"app.db"`, "sqlite:///app.db"}},
		{name: "unknown parameter", kind: spillway.ErrConfig, url: "sqlite:app.db?cache=shared", want: []string{`"cache"`, "synchronous"}},
		{name: "bad parameter", kind: spillway.ErrConfig, url: "sqlite:app.db?synchronous=sometimes", want: []string{"synchronous=sometimes", "full"}},
		{name: "directory below a file", url: "sqlite:" + filepath.Join(file, "app.db"), want: []string{"app.db"}},
		{name: "missing directory", url: "sqlite:" + filepath.Join(dir, "missing", "app.db"), want: []string{"missing"}},
		{name: "a directory", url: "sqlite:" + dir, want: []string{dir}},
		{name: "corrupt file", url: "sqlite:" + corrupt, kind: spillway.ErrCorrupt, want: []string{"corrupt.db"}},
		{name: "server down", url: "postgres://u:" + secret + "@" + closed + "/db?sslmode=disable", kind: spillway.ErrConnect, want: []string{closed}},
		{name: "wrong password", url: wrongPassword, kind: spillway.ErrAuth, want: []string{"spillway"}},
		{name: "database missing", url: noDatabase, kind: spillway.ErrNoDatabase, want: []string{"no_such_database"}},
		{name: "unreadable URL", kind: spillway.ErrConfig, url: "postgres://u:" + secret + "@h:notaport/db", want: []string{"postgres://user:password@host"}},
		{name: "negative size", kind: spillway.ErrConfig, url: "sqlite::memory:", cfg: spillway.Config{Size: -1}, want: []string{"Size is -1"}},
		{name: "unknown pooler", kind: spillway.ErrConfig, url: "postgres://u@h/db", cfg: spillway.Config{Pooler: "statement"}, want: []string{`"statement"`, "TransactionPooler"}},
		{name: "unknown pooler in the URL", kind: spillway.ErrConfig, url: "postgres://u:" + secret + "@h/db?pooler=statement", want: []string{"pooler=statement", "transaction"}},
		{name: "pooler of a file", kind: spillway.ErrConfig, url: "sqlite::memory:", cfg: spillway.Config{Pooler: spillway.TransactionPooler}, want: []string{"sqlite has no pooler"}},
		{name: "two databases", kind: spillway.ErrConfig, url: "sqlite::memory:", cfg: spillway.Config{Postgres: parse(t, "postgres://u@h/db")}, want: []string{"both URL and Postgres"}},
		{name: "two limits", kind: spillway.ErrConfig, cfg: spillway.Config{Postgres: parse(t, "postgres://u@h/db?pool_max_conns=7"), Size: 50}, want: []string{"7 connections", "70"}},
		{name: "two ages", kind: spillway.ErrConfig, url: "postgres://u@h/db?pool_max_conn_lifetime=5m", cfg: spillway.Config{Recycle: time.Minute}, want: []string{"Recycle is 1m0s", "5m0s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.cfg.URL = c.url
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			db, err := spillway.Open(ctx, c.cfg)
			if err == nil {
				_ = db.Close()
				t.Fatal("it was opened")
			}
			text := err.Error()
			if c.kind != nil && !errors.Is(err, c.kind) {
				t.Errorf("kind: want %v in %v", c.kind, err)
			}
			if c.kind != spillway.ErrConfig && errors.Is(err, spillway.ErrConfig) {
				t.Errorf("the configuration could be right: %v", err)
			}
			for _, w := range c.want {
				if !strings.Contains(text, w) {
					t.Errorf("%q does not mention %q", text, w)
				}
			}
			if strings.Contains(text, secret) || strings.Contains(text, testdb.Password) || strings.Contains(text, "wrong-canary") {
				t.Errorf("a password is in %q", text)
			}
			if strings.Contains(text, "\n") {
				t.Errorf("more than one line: %q", text)
			}
			t.Log(text)
		})
	}
}

func parse(t *testing.T, url string) *pgxpool.Config {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// unusedAddress is one on which nobody listens.
func unusedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

type thing struct {
	models.Model
	Name string
}

var thingT = models.Register[thing]()

func TestUseAfterClose(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, err := spillway.Open(t.Context(), spillway.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.CreateTables(t.Context()); err != nil {
			t.Fatal(err)
		}
		s := db.Session()
		s.Add(&thing{Name: "a"})
		for range 2 {
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for what, err := range map[string]error{
			"verb":   second(models.All(t.Context(), db, models.From(thingT))),
			"commit": s.Commit(t.Context()),
			"health": db.Health(t.Context()),
			"tables": db.CreateTables(t.Context()),
		} {
			if !errors.Is(err, spillway.ErrClosed) || !strings.Contains(err.Error(), "closed") {
				t.Errorf("%s after Close: %v", what, err)
			}
		}
		s.Close()
	})
}

func second[T any](_ T, err error) error { return err }

func TestAMissingTableSaysHowToMakeIt(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, err := spillway.Open(t.Context(), spillway.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		_, err = models.All(t.Context(), db, models.From(thingT))
		if !errors.Is(err, spillway.ErrNoTable) || !strings.Contains(err.Error(), "things") ||
			!strings.Contains(err.Error(), "CreateTables") || !strings.Contains(err.Error(), "spillway migrate") {
			t.Errorf("%v", err)
		}
	})
}

func TestEmptyURL(t *testing.T) {
	t.Chdir(t.TempDir())
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	open := func() {
		t.Helper()
		log.Reset()
		db, err := spillway.Open(t.Context(), spillway.Config{Logger: logger})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(spillway.URLVariable, "")
	open()
	if _, err := os.Stat("app.db"); err != nil || !strings.Contains(log.String(), "sqlite:app.db") {
		t.Errorf("the default: %v, log %q", err, log.String())
	}
	t.Setenv(spillway.URLVariable, "sqlite:///other.db")
	open()
	if _, err := os.Stat("other.db"); err != nil || !strings.Contains(log.String(), spillway.URLVariable) {
		t.Errorf("%s: %v, log %q", spillway.URLVariable, err, log.String())
	}
}

func TestURLForms(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for url, file := range map[string]string{
		"sqlite:a.db":                        "a.db",
		"sqlite:///b.db":                     "b.db",
		"sqlite+aiosqlite:///c.db":           "c.db",
		"sqlite:///" + dir + "/d.db":         "d.db",
		"SQLITE:e%20f.db?synchronous=normal": "e f.db",
		"sqlite::memory:":                    "",
		"sqlite://":                          "",
		"sqlite:///:memory:":                 "",
	} {
		db, err := spillway.Open(t.Context(), spillway.Config{URL: url})
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if err := db.Close(); err != nil {
			t.Errorf("%s: %v", url, err)
		}
		if file != "" {
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: %v", url, err)
			}
		}
	}
	pg := testdb.Postgres(t)
	rest := pg[strings.Index(pg, "://"):]
	for _, scheme := range []string{"postgres", "postgresql", "postgresql+asyncpg"} {
		db, err := spillway.Open(t.Context(), spillway.Config{URL: scheme + rest})
		if err != nil {
			t.Errorf("%s: %v", scheme, err)
			continue
		}
		if err := db.Health(t.Context()); err != nil {
			t.Errorf("%s: %v", scheme, err)
		}
		_ = db.Close()
	}
	cfg := parse(t, pg)
	cfg.MaxConns = 3
	db, err := spillway.Open(t.Context(), spillway.Config{Postgres: cfg})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if s := db.Stats(); s.Size != 3 || s.Overflow != 0 || s.ServerMax == 0 {
		t.Errorf("own configuration: size %d, overflow %d, server accepts %d", s.Size, s.Overflow, s.ServerMax)
	}
}

func TestConfigShowsNoPassword(t *testing.T) {
	c := spillway.Config{URL: "postgres://u:canary-secret@h/db", Size: 3}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "config", c)
	for _, s := range []string{c.String(), c.GoString(), log.String()} {
		if strings.Contains(s, "canary-secret") || !strings.Contains(s, "Size:3") {
			t.Errorf("%s", s)
		}
	}
}
