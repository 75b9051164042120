//go:build !unix

package testdb

import (
	"errors"
	"testing"
)

// A Cluster is a throw-away Postgres server. This system can not start one.
type Cluster struct{ databases databases }

var errSystem = errors.New("a Postgres server for tests can be started on Unix only")

func start(...string) (*Cluster, error) { return nil, errSystem }

func (c *Cluster) remove() {}

// URL returns the URL of the database "spillway" for an ordinary user.
func (c *Cluster) URL() string { return "" }

// Exec runs statements as the superuser in the database that URL names.
func (c *Cluster) Exec(t testing.TB, _ ...string) { t.Fatal(errSystem) }

// Start starts the server again.
func (c *Cluster) Start() error { return errSystem }

// Stop ends the server as a crash does.
func (c *Cluster) Stop() error { return errSystem }

// Shutdown ends the server in order.
func (c *Cluster) Shutdown() error { return errSystem }

// PgBouncer starts a PgBouncer.
func PgBouncer(t testing.TB, _ string, _ ...string) string {
	t.Helper()
	t.Fatal(errSystem)
	return ""
}
