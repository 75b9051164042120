package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
)

func TestBadFilesGetOneClearError(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	text := write("notes.txt", strings.Repeat("this is no database\n", 100))
	good := write("good.db", "")
	conn := connect(t, open(t, sqlite.Config{Path: good}), driver.Writer)
	do(t, conn, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
	do(t, conn, "INSERT INTO t (v) VALUES (hex(randomblob(9000)))")
	shut(t, conn)
	b, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for i := 100; i < 4096; i++ { // the schema's page, behind the header
		b[i] = 0xa5
	}
	damaged := write("damaged.db", string(b))

	for _, c := range []struct {
		name string
		cfg  sqlite.Config
		kind driver.Kind
		says string
	}{
		{"not a database", sqlite.Config{Path: text}, driver.ErrCorrupt, "not a SQLite database"},
		{"a damaged database", sqlite.Config{Path: damaged}, driver.ErrCorrupt, "backup"},
		{"a directory", sqlite.Config{Path: dir}, driver.ErrConnect, "is a directory"},
		{"a missing directory", sqlite.Config{Path: filepath.Join(dir, "no", "x.db")}, driver.ErrConnect, "does not exist; create it first"},
		{"a file as directory", sqlite.Config{Path: filepath.Join(text, "x.db")}, driver.ErrConnect, "is not a directory"},
		{"a directory that takes no files", sqlite.Config{Path: "/proc/x.db"}, driver.ErrConnect, `"/proc" (d`},
		{"a missing file, read-only", sqlite.Config{Path: filepath.Join(dir, "none.db"), ReadOnly: true}, driver.ErrNoDatabase, "does not exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, role := range []driver.Role{driver.Reader, driver.Writer} {
				con := open(t, c.cfg)
				conn, err := con.Connect(t.Context(), role)
				if err == nil {
					err = try(t.Context(), conn, driver.Statement{SQL: "SELECT count(*) FROM t"})
					shut(t, conn)
				}
				if !isKind(err, c.kind) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), filepath.Base(c.cfg.Path)) {
					t.Errorf("%v: %v, want kind %q, the file's name and %q", role, err, c.kind, c.says)
				}
			}
		})
	}
}

func TestBadSettingsAreRefused(t *testing.T) {
	for says, cfg := range map[string]sqlite.Config{
		"no path":                       {},
		"has no path":                   {Memory: true, Path: "x"},
		"can not be read-only":          {Memory: true, ReadOnly: true},
		"takes no VFS":                  {Memory: true, VFS: "mvcc"},
		"NUL":                           {Path: "a\x00b"},
		`registered as "nope"`:          {Path: "x", VFS: "nope"},
		"use Synchronous":               {Path: "x", Pragmas: []sqlite.Pragma{{Name: "SYNCHRONOUS", Value: "off"}}},
		"plain name with a plain value": {Path: "x", Pragmas: []sqlite.Pragma{{Name: "cache_size", Value: "1; DROP TABLE t"}}},
		"unknown level":                 {Path: "x", Synchronous: 9},
	} {
		if _, err := sqlite.New(cfg); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, want %q", cfg, err, says)
		}
	}
}

func TestAReadOnlyDatabaseIsNotChanged(t *testing.T) {
	file := path(t)
	w := connect(t, open(t, sqlite.Config{Path: file}), driver.Writer)
	do(t, w, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
	shut(t, w)
	c := open(t, sqlite.Config{Path: file, ReadOnly: true})
	for _, role := range []driver.Role{driver.Reader, driver.Writer} {
		conn := connect(t, c, role)
		if got := one(t, conn, "SELECT count(*) FROM t"); got != "0" {
			t.Errorf("%s rows", got)
		}
		for _, s := range []driver.Statement{insert(1), {SQL: "PRAGMA query_only = 0"}, insert(2)} {
			if err := try(t.Context(), conn, s); s.Args != nil && !isKind(err, driver.ErrReadOnly) {
				t.Errorf("%v: %v", role, err)
			}
		}
	}
}

func TestSettingsTake(t *testing.T) {
	c := open(t, sqlite.Config{Path: path(t), Pragmas: []sqlite.Pragma{{Name: "cache_size", Value: "-321"}, {Name: "page_size", Value: "8192"}}})
	w, r := connect(t, c, driver.Writer), connect(t, c, driver.Reader)
	for _, check := range []struct {
		conn        driver.Conn
		pragma, won string
	}{
		{w, "journal_mode", "wal"},
		{w, "synchronous", "2"},
		{w, "foreign_keys", "1"},
		{w, "query_only", "0"},
		{w, "page_size", "8192"},
		{w, "cache_size", "-321"},
		{r, "journal_mode", "wal"},
		{r, "query_only", "1"},
		{r, "cache_size", "-321"},
	} {
		if got := one(t, check.conn, "PRAGMA "+check.pragma); got != check.won {
			t.Errorf("%s is %s, want %s", check.pragma, got, check.won)
		}
	}
	do(t, w, "PRAGMA cache_size = 5")
	do(t, w, "PRAGMA synchronous = OFF")
	if err := w.Reset(t.Context(), driver.ResetFull); err != nil {
		t.Fatal(err)
	}
	if got := one(t, w, "PRAGMA cache_size") + one(t, w, "PRAGMA synchronous"); got != "-3212" {
		t.Errorf("after a full reset: %s", got)
	}
}

func TestAnExclusiveDatabaseIsOpenOnce(t *testing.T) {
	file := path(t)
	c := open(t, sqlite.Config{Path: file, Exclusive: true})
	if !c.Features().SingleConnection {
		t.Error("the connector does not say that it has one connection only")
	}
	conn := connect(t, c, driver.Reader) // the only one writes as well
	do(t, conn, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
	if err := try(t.Context(), conn, insert(1)); err != nil {
		t.Fatal(err)
	}
	if got := one(t, conn, "PRAGMA journal_mode") + " " + one(t, conn, "PRAGMA locking_mode"); got != "wal exclusive" {
		t.Errorf("modes %s", got)
	}
	if _, err := os.Stat(file + "-shm"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is shared memory: %v", err)
	}
	for _, cfg := range []sqlite.Config{{Path: file, Exclusive: true, BusyTimeout: -1}, {Path: file, BusyTimeout: -1}} {
		if other, err := open(t, cfg).Connect(t.Context(), driver.Writer); !isKind(err, driver.ErrBusy) {
			t.Errorf("a second connection: %v", err)
			if err == nil {
				shut(t, other)
			}
		}
	}
	if err := conn.Reset(t.Context(), driver.ResetFull); err != nil {
		t.Fatal(err)
	}
	shut(t, conn)
	if got := one(t, connect(t, open(t, sqlite.Config{Path: file}), driver.Reader), "SELECT count(*) FROM t"); got != "1" {
		t.Errorf("%s rows after the exclusive connection was closed", got)
	}
}

func TestAPathMeansTheSameFileAfterAChangeOfDirectory(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	t.Chdir(first)
	c := open(t, sqlite.Config{Path: "x.db"})
	t.Chdir(second)
	do(t, connect(t, c, driver.Writer), "CREATE TABLE t (id INTEGER)")
	if _, err := os.Stat(filepath.Join(first, "x.db")); err != nil {
		t.Error(err)
	}
}

func TestConnectObeysItsContextWhileItWaits(t *testing.T) {
	file := path(t)
	conn := connect(t, open(t, sqlite.Config{Path: file, Exclusive: true}), driver.Writer)
	defer shut(t, conn)
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	if _, err := open(t, sqlite.Config{Path: file}).Connect(ctx, driver.Writer); !isKind(err, driver.ErrCanceled) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Connect: %v", err)
	}
}
