package testdb

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Env names the environment variable with the URL of a server for tests.
const Env = "SPILLWAY_TEST_POSTGRES"

// Password is the password of every user of the clusters started here. It must never
// appear in an error or a log line.
const Password = "canary-7f3a-Pa55word"

var (
	sharedMu  sync.Mutex
	shared    *Cluster
	sharedErr error
)

// Postgres returns the URL of an empty database that only this test uses. When the test
// ends, connections still open are ended and the database is emptied or dropped.
func Postgres(t testing.TB) string {
	t.Helper()
	if admin := os.Getenv(Env); admin != "" {
		return external(admin).lend(t)
	}
	sharedMu.Lock()
	if shared == nil && sharedErr == nil {
		shared, sharedErr = start()
	}
	c, err := shared, sharedErr
	sharedMu.Unlock()
	if err != nil {
		unavailable(t, err)
	}
	return c.databases.lend(t)
}

// SQLite returns the URL of a database file that does not exist yet, in the test's
// temporary directory.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.ToSlash(filepath.Join(t.TempDir(), "test.db"))
}

// Both runs f as a subtest for each backend, with the URL of an empty database.
func Both(t *testing.T, f func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, Postgres(t)) })
}

// NewCluster starts a server for this test alone and stops it when the test ends.
// Prefer [Postgres] unless the test stops the server or changes its settings. Each
// setting is a line of postgresql.conf such as "max_connections = 10".
func NewCluster(t testing.TB, settings ...string) *Cluster {
	t.Helper()
	c, err := start(settings...)
	if err != nil {
		unavailable(t, err)
	}
	t.Cleanup(c.remove)
	return c
}

// Start starts a server for a program that is no test, such as a benchmark; stop ends it.
// Nothing is left behind, however the program ends.
func Start(settings ...string) (c *Cluster, stop func(), err error) {
	if c, err = start(settings...); err != nil {
		return nil, nil, err
	}
	return c, c.remove, nil
}

// unavailable ends a test that can not have a server.
func unavailable(t testing.TB, err error) {
	t.Helper()
	missing(t, err.Error(), "apt-get install postgresql, or set "+Env)
}

// missing ends a test that lacks a program; wayOut says what to do about it.
func missing(t testing.TB, why, wayOut string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("testdb: %s", why)
	}
	t.Skipf("testdb: %s: %s", why, wayOut)
}
