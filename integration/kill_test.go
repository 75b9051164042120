package integration

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

// childEnv names the database that a child process writes to.
const childEnv = "SPILLWAY_INTEGRATION_CHILD"

// killsEnv is how many kills each database, and the server, has to survive; 5 if it is not
// set.
const killsEnv = "SPILLWAY_TEST_KILLS"

func killsWanted() int {
	if n, err := strconv.Atoi(os.Getenv(killsEnv)); err == nil {
		return n
	}
	return 5
}

// childWriters is how many rows can be under way when a child is killed.
const childWriters = 64

// writeUntilKilled is the child: goroutines insert and print the id of each row that was
// acknowledged. A line is one write to the pipe, so no kill tears it.
func writeUntilKilled(url string) {
	ctx := context.Background()
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	db, err := spillway.Open(ctx, spillway.Config{URL: url, GroupWrites: spillway.GroupAuto})
	if err == nil {
		err = db.CreateTables(ctx)
	}
	if err != nil {
		fail(err)
	}
	for w := range childWriters {
		go func() {
			for i := 0; ; i++ {
				x := &entry{Owner: int64(w), Token: fmt.Sprintf("%d/%d/%d", os.Getpid(), w, i), Value: int64(i)}
				if err := models.Create(ctx, db, x); err != nil {
					fail(err)
				}
				if _, err := os.Stdout.WriteString(strconv.FormatInt(x.ID, 10) + " " + x.Token + "\n"); err != nil {
					fail(err)
				}
			}
		}()
	}
	for range time.Tick(time.Millisecond) { // until killed
		if s := db.Stats().SharedWrites; s.Sum > 0 {
			_, _ = fmt.Printf("%s %d %d\n", sharedLine, s.Count, s.Sum) // the parent may be gone
		}
	}
}

// sharedLine begins a line that tells how many commits were shared, and by how many rows.
const sharedLine = "shared"

// killChild starts a child and kills it with SIGKILL after some acknowledged rows. It
// returns all of them by id, and how many are known to have shared commits.
func killChild(t *testing.T, url string, after int) (acked map[int64]string, shared int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+url)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acked = map[int64]string{}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		number, token, ok := strings.Cut(lines.Text(), " ")
		if number == sharedLine {
			_, rows, _ := strings.Cut(token, " ")
			if shared, err = strconv.Atoi(rows); err != nil {
				t.Fatal(err)
			}
			continue
		}
		id, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil {
			t.Fatalf("the child printed %q", lines.Text())
		}
		acked[id] = token
		if len(acked) == after {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() {
		t.Fatalf("the child ended by itself: %v", err)
	}
	return acked, shared
}

func TestAKilledProcessLosesNoAcknowledgedRow(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		if strings.HasPrefix(url, "postgres") {
			mustBeDurable(t, url)
		}
		kills := killsWanted()
		acked, shared := map[int64]string{}, 0
		for round := range kills {
			now, together := killChild(t, url, 300+211*(round%7))
			shared += together
			for id, token := range now {
				if old, ok := acked[id]; ok {
					t.Fatalf("id %d was given out twice: to %s and %s", id, old, token)
				}
				acked[id] = token
			}
			stored := storedBySpillway(t, url)
			compare(t, "Spillway", acked, stored, (round+1)*childWriters)
			if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
				compare(t, "plain SQLite", acked, storedInFile(t, file), (round+1)*childWriters)
			}
		}
		t.Logf("%d rows acknowledged in %d lives, at least %d in shared commits, none lost", len(acked), kills, shared)
		if strings.HasPrefix(url, "sqlite") && shared == 0 {
			t.Error("no commit was shared")
		}
	})
}

// compare wants every acknowledged row, and besides at most those that were under way.
func compare(t *testing.T, reader string, acked, stored map[int64]string, underway int) {
	t.Helper()
	lost := 0
	for id, token := range acked {
		if stored[id] != token {
			lost++
		}
	}
	if lost > 0 {
		t.Fatalf("%s: %d of %d acknowledged rows are lost", reader, lost, len(acked))
	}
	if n := len(stored) - len(acked); n > underway {
		t.Fatalf("%s: %d rows more than were acknowledged, and at most %d were under way", reader, n, underway)
	}
}

// storedBySpillway reopens the database and reads all rows.
func storedBySpillway(t *testing.T, url string) map[int64]string {
	t.Helper()
	db, err := spillway.Open(t.Context(), spillway.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	out := map[int64]string{}
	rows, err := models.All(t.Context(), db, models.From(entryT))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		out[r.ID] = r.Token
	}
	return out
}

// storedInFile reads all rows, and checks the file, with SQLite alone.
func storedInFile(t *testing.T, file string) map[int64]string {
	t.Helper()
	c, err := sqlite3.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	out := map[int64]string{}
	query := func(sql string, row func(s *sqlite3.Stmt)) {
		s, _, err := c.Prepare(sql)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for s.Step() {
			row(s)
		}
		if err := s.Err(); err != nil {
			t.Fatal(err)
		}
	}
	query("PRAGMA integrity_check", func(s *sqlite3.Stmt) {
		if got := s.ColumnText(0); got != "ok" {
			t.Fatalf("integrity_check: %s", got)
		}
	})
	query("SELECT id, token FROM entries", func(s *sqlite3.Stmt) { out[s.ColumnInt64(0)] = s.ColumnText(1) })
	return out
}

// mustBeDurable makes sure that the server promises what the test is about.
func mustBeDurable(t *testing.T, url string) {
	t.Helper()
	db, err := spillway.Open(t.Context(), spillway.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		v, err := models.One(t.Context(), db, models.Raw[string]("SELECT current_setting(:name)", models.Args{"name": setting}))
		if err != nil || v != "on" {
			t.Fatalf("%s is %q, want on (%v)", setting, v, err)
		}
	}
}
