package integration

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// A Postgres server is killed with SIGKILL again and again, all its processes, in the
// middle of what 64 goroutines write in groups, and others in sessions. What was
// acknowledged is there afterwards; what is unknown may be.
//
// It was seen to fail with "acknowledged rows are lost" on a server with
// synchronous_commit = off ("49 of 234 acknowledged rows are lost"), and on a pool that took
// the writes of a group whose connection was lost for done ("row 1 was set to 42, and is
// 41").
func TestAKilledServerLosesNoAcknowledgedRow(t *testing.T) {
	t.Parallel()
	const writers, others = 64, 8
	cluster := testdb.NewCluster(t)
	mustBeDurable(t, cluster.URL())
	data := dataDirectory(t, cluster)
	db := open(t, spillway.Config{URL: cluster.URL(), Size: 8, GroupWrites: pool.GroupAuto})
	l := startLoad(t.Context(), t, db, others)
	groups := newLedger()
	stop := make(chan struct{})
	var work sync.WaitGroup
	end := sync.OnceFunc(func() {
		close(stop)
		work.Wait()
		l.end()
	})
	defer end()
	counted := make([]counting, writers/2)
	for w := range writers {
		row := &entry{Owner: int64(w), Token: fmt.Sprintf("counts %d", w)}
		if w < len(counted) {
			if err := models.Create(t.Context(), db, row); err != nil {
				t.Fatal(err)
			}
			groups.book(row.Token, nil)
			counted[w].id = row.ID
		}
		work.Go(func() {
			for i := int64(1); ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if w < len(counted) { // answered without a row, so nothing but the answer tells
					counted[w].count(t.Context(), t, db, i)
					continue
				}
				x := &entry{Owner: int64(w), Token: fmt.Sprintf("autocommit %d/%d", w, i), Value: i}
				groups.book(x.Token, models.Create(t.Context(), db, x))
			}
		})
	}
	kills := killsWanted()
	var killing, recovery time.Duration
	for round := range kills {
		before, acked := db.Stats().SharedWrites.Count, groups.acknowledged()
		eventually(t, time.Minute, "writes share commits and are acknowledged", func() bool {
			return groups.acknowledged() > acked+100+67*(round%7) && db.Stats().SharedWrites.Count > before+3
		})
		begin := time.Now()
		killServer(t, cluster, data)
		killing += time.Since(begin)
		begin = time.Now()
		if err := cluster.Start(); err != nil {
			t.Fatal(err)
		}
		recovery += time.Since(begin)
		// What was acknowledged until now was so before the kill, or is on the new server.
		want := groups.snapshot()
		values := make([]int64, len(counted))
		for w := range counted {
			values[w] = counted[w].acked.Load()
		}
		stored := tokens(t.Context(), t, db)
		lost := 0
		for _, token := range want {
			if !stored[token] {
				lost++
			}
		}
		for w := range counted {
			x, err := models.Get[entry](t.Context(), db, counted[w].id)
			if err != nil {
				t.Fatal(err)
			}
			if x.Value < values[w] || x.Value > counted[w].begun.Load() {
				t.Errorf("after kill %d: row %d was set to %d, and is %d", round+1, x.ID, values[w], x.Value)
			}
		}
		if lost > 0 {
			t.Fatalf("after kill %d: %d of %d acknowledged rows are lost", round+1, lost, len(want))
		}
	}
	end()
	both := l.ledger
	both.join(groups)
	both.check(t, tokens(t.Context(), t, db))
	s := db.Stats()
	t.Logf("%d kills, each in %v and back in %v; %d writes shared %d commits; %d outcomes unknown", kills,
		(killing / time.Duration(kills)).Round(time.Millisecond), (recovery / time.Duration(kills)).Round(time.Millisecond),
		s.SharedWrites.Sum, s.SharedWrites.Count, s.Unknown)
	if s.SharedWrites.Count == 0 {
		t.Error("no commit was shared")
	}
	n := uint64(len(both.unknown))
	for w := range counted {
		n += counted[w].unknown
	}
	if s.Unknown != n || n == 0 {
		t.Errorf("the pool counts %d outcomes as unknown, the callers %d", s.Unknown, n)
	}
}

// counting is a row that one goroutine sets to 1, 2, 3 and so on.
type counting struct {
	id           int64
	begun, acked atomic.Int64
	unknown      uint64
}

func (c *counting) count(ctx context.Context, t *testing.T, db *spillway.DB, value int64) {
	c.begun.Store(value)
	n, err := models.Exec(ctx, db, models.Update(entryT).Set(models.To(&entryT.Value, value)).Where(models.Eq(&entryT.ID, c.id)))
	switch {
	case errors.Is(err, spillway.ErrOutcomeUnknown):
		c.unknown++
	case err == nil && n != 1:
		t.Errorf("row %d: an update changed %d rows", c.id, n)
	case err == nil:
		c.acked.Store(value)
	}
}

// dataDirectory is where a cluster keeps its data, and its server's processes work.
func dataDirectory(t *testing.T, cluster *testdb.Cluster) (dir string) {
	t.Helper()
	u, err := url.Parse(cluster.URL())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("postgres", testdb.Password)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.WithoutCancel(ctx))
	if err := c.QueryRow(ctx, "SELECT current_setting('data_directory')").Scan(&dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// killServer kills all processes of a cluster with SIGKILL, the main process first so that
// it does not start others. No new server starts before they are gone: it would find the
// old one's shared memory in use.
func killServer(t *testing.T, cluster *testdb.Cluster, data string) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(file), "\n")
	kill := func(pid string) {
		n, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatal(err)
		}
		server, err := os.FindProcess(n)
		if err != nil {
			t.Fatal(err)
		}
		if err := server.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
	}
	kill(line)
	eventually(t, 20*time.Second, "all processes of the server have ended", func() bool {
		left := processesIn(t, data)
		for _, pid := range left {
			kill(pid)
		}
		return len(left) == 0
	})
	if err := cluster.Stop(); err != nil { // lets go of what is dead
		t.Fatal(err)
	}
}

// processesIn returns the processes whose working directory is dir; those of a server
// have its data directory. Where there is no /proc it finds none, the processes end by
// themselves when they miss the main one, and a server that can not start yet fails the
// test.
func processesIn(t *testing.T, dir string) (pids []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range all {
		if to, err := os.Readlink(link); err == nil && to == dir {
			pids = append(pids, filepath.Base(filepath.Dir(link)))
		}
	}
	return pids
}
