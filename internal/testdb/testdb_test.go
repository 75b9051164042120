//go:build unix

package testdb_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/internal/testleak"
)

func TestMain(m *testing.M) { testleak.Main(m) }

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func run(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func TestEachTestHasAnEmptyDatabaseOfItsOwn(t *testing.T) {
	left := map[string]bool{}
	for range 3 {
		t.Run("round", func(t *testing.T) {
			url := testdb.Postgres(t)
			one, two := connect(t, url), connect(t, testdb.Postgres(t))
			for _, sql := range []string{
				"CREATE TABLE t (id int)", "CREATE SCHEMA other", "CREATE TYPE mood AS ENUM ('good')",
				"SELECT lo_create(0)", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
			} {
				run(t, one, sql)
			}
			if _, err := two.Exec(t.Context(), "SELECT * FROM t"); err == nil {
				t.Error("a second database sees the table of the first")
			}
			var objects int
			if err := two.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM pg_largeobject_metadata) + (SELECT count(*) FROM pg_namespace WHERE nspname = 'other')").Scan(&objects); err != nil || objects != 0 {
				t.Errorf("%d objects of earlier tests, %v", objects, err)
			}
			left[url] = true
		})
	}
	if len(left) > 2 {
		t.Errorf("%d databases for 3 tests of two each, one after the other", len(left))
	}
}

// What a test has set for the database, or for its user in it, is not there for the next
// one, which gets the same database on a server of ours.
func TestSettingsOfATestAreNotHandedOn(t *testing.T) {
	const settings = "SELECT current_setting('default_transaction_isolation') || ' ' || current_setting('default_transaction_read_only') || ' ' || current_setting('work_mem')"
	var before string
	var urls []string
	for range 2 {
		t.Run("round", func(t *testing.T) {
			url := testdb.Postgres(t)
			urls = append(urls, url)
			conn := connect(t, url)
			var now string
			if err := conn.QueryRow(t.Context(), settings).Scan(&now); err != nil {
				t.Fatal(err)
			}
			if before == "" {
				before = now
			} else if now != before {
				t.Errorf("the settings are %q, and were %q", now, before)
			}
			name := pgx.Identifier{conn.Config().Database}.Sanitize()
			role := pgx.Identifier{conn.Config().User}.Sanitize()
			run(t, conn, "ALTER DATABASE "+name+" SET work_mem = '7MB'")
			run(t, conn, "ALTER ROLE "+role+" IN DATABASE "+name+" SET default_transaction_isolation = serializable")
			run(t, conn, "ALTER ROLE "+role+" IN DATABASE "+name+" SET default_transaction_read_only = on")
		})
	}
	if os.Getenv(testdb.Env) == "" && urls[0] != urls[1] {
		t.Error("the database was not handed on")
	}
}

func TestTheServerIsDurable(t *testing.T) {
	var fsync, commit string
	err := connect(t, testdb.Postgres(t)).QueryRow(t.Context(), "SELECT current_setting('fsync'), current_setting('synchronous_commit')").Scan(&fsync, &commit)
	if err != nil || fsync != "on" || commit != "on" {
		t.Errorf("fsync %s, synchronous_commit %s, %v; want both on", fsync, commit, err)
	}
}

func TestAClusterComesBackAfterStopAndShutdown(t *testing.T) {
	c := testdb.NewCluster(t, "max_connections = 17")
	run(t, connect(t, c.URL()), "CREATE TABLE kept (id int)")
	for _, end := range []func() error{c.Stop, c.Shutdown} {
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if conn, err := pgx.Connect(t.Context(), c.URL()); err == nil {
			conn.Close(t.Context())
			t.Fatal("the server still accepts connections")
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		run(t, connect(t, c.URL()), "INSERT INTO kept VALUES (1)")
	}
	var limit string
	if err := connect(t, c.URL()).QueryRow(t.Context(), "SHOW max_connections").Scan(&limit); err != nil || limit != "17" {
		t.Errorf("max_connections %s, %v; want the setting given", limit, err)
	}
}

// The child is this test binary again; it starts a server, says so, and is killed.
func TestNothingIsLeftWhenTheTestBinaryIsKilled(t *testing.T) {
	if os.Getenv("TESTDB_CHILD") != "" {
		testdb.Postgres(t)
		fmt.Println("ready")
		select {}
	}
	tmp := t.TempDir()
	if err := os.Chmod(tmp, 0o777); err != nil {
		t.Fatal(err)
	}
	for d := tmp; d != os.TempDir() && len(d) > 1; d = filepath.Dir(d) {
		_ = os.Chmod(d, 0o777) // the server's user must reach it
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestNothingIsLeftWhenTheTestBinaryIsKilled$")
	cmd.Env = append(os.Environ(), "TESTDB_CHILD=1", "TMPDIR="+tmp, testdb.Env+"=")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "ready" {
	}
	if made, _ := filepath.Glob(filepath.Join(tmp, "spillway-postgres-*")); len(made) != 1 {
		t.Fatalf("the child made %q, want one directory", made)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if left, _ := filepath.Glob(filepath.Join(tmp, "spillway-postgres-*")); len(left) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the server's directory is still there 30 s after the kill")
		}
	}
}

func BenchmarkPostgres(b *testing.B) {
	testdb.Postgres(b) // starts the server
	for b.Loop() {
		b.Run("one", func(b *testing.B) { testdb.Postgres(b) })
	}
}
