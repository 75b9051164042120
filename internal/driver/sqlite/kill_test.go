package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
)

// childEnv names the database that a child process writes to.
const childEnv = "SPILLWAY_SQLITE_TEST_CHILD"

// writeUntilKilled is the child: it prints the number of each row that was acknowledged.
func writeUntilKilled(path string) {
	ctx := context.Background()
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	c, err := sqlite.New(sqlite.Config{Path: path})
	if err != nil {
		fail(err)
	}
	conn, err := c.Connect(ctx, driver.Writer)
	if err != nil {
		fail(err)
	}
	if err := try(ctx, conn, driver.Statement{SQL: "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, v TEXT)"}); err != nil {
		fail(err)
	}
	var last int64
	max := driver.Statement{SQL: "SELECT coalesce(max(id), 0) FROM t", Sink: each(func(r driver.Row) (err error) {
		last, err = r.Int64(0)
		return err
	})}
	if err := try(ctx, conn, max); err != nil {
		fail(err)
	}
	for id := int(last) + 1; ; id++ {
		if err := try(ctx, conn, insert(id)); err != nil {
			fail(err)
		}
		fmt.Println(id)
	}
}

func TestAKilledWriterLosesNoAcknowledgedRow(t *testing.T) {
	file := path(t)
	acked := 0
	for round := range 5 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+file)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for want := acked + 50 + 37*round; lines.Scan(); {
			if acked, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatal(err)
			}
			if acked == want {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() {
			t.Fatalf("the child ended by itself: %v", err)
		}
		conn := connect(t, open(t, sqlite.Config{Path: file}), driver.Reader)
		if got := one(t, conn, "PRAGMA integrity_check"); got != "ok" {
			t.Fatalf("integrity_check: %s", got)
		}
		n, err := strconv.Atoi(one(t, conn, "SELECT count(*) FROM t"))
		if err != nil || n < acked || n > acked+1 {
			t.Fatalf("round %d: %d rows, but %d were acknowledged (%v)", round, n, acked, err)
		}
		acked = n
		shut(t, conn)
	}
}
