package integration

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/spillwaydb/spillway/internal/testdb"
)

// killServer kills the main process of a cluster with SIGKILL and waits until its
// children, which notice it by themselves, have gone too: no new server starts before.
func killServer(t *testing.T, cluster *testdb.Cluster) {
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
	var dir, file string
	if err := c.QueryRow(ctx, "SELECT current_setting('data_directory'), pg_read_file('postmaster.pid')").Scan(&dir, &file); err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(file, "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	server, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "all processes of the server have ended", func() bool { return len(processesIn(t, dir)) == 0 })
	if err := cluster.Stop(); err != nil { // lets go of what is dead
		t.Fatal(err)
	}
}

// processesIn returns the processes whose working directory is dir; those of a server
// have its data directory. Where there is no /proc it finds none, and a server that can
// not start yet fails the test.
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
