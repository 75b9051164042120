//go:build unix

package testdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// userName is the ordinary user that URL connects as.
const userName = "spillway"

// A Cluster is a throw-away Postgres server. Its methods are safe for concurrent use.
type Cluster struct {
	dir  string // owned by the server's user
	bin  string
	port int
	as   *syscall.Credential // nil: as ourselves

	databases databases

	mu       sync.Mutex
	server   *exec.Cmd // nil while stopped
	log      *os.File
	watch    *exec.Cmd
	lifeline io.Closer // our end of the watchdog's pipe
}

// URL returns the URL of the database "spillway" for an ordinary user.
func (c *Cluster) URL() string { return c.url(userName, userName) }

func (c *Cluster) adminURL() string { return c.url("postgres", "postgres") }

func (c *Cluster) url(user, database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(user, Password),
		Host: fmt.Sprintf("127.0.0.1:%d", c.port), Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Exec runs statements as the superuser in the database that URL names.
func (c *Cluster) Exec(t testing.TB, sql ...string) {
	t.Helper()
	for _, s := range sql {
		if err := execute(c.url("postgres", userName), s); err != nil {
			t.Fatalf("testdb: %s: %v", s, err)
		}
	}
}

// start makes a cluster and starts its server.
func start(settings ...string) (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin}
	if c.as, err = account(); err != nil {
		return nil, err
	}
	if c.port, err = freePort(); err != nil {
		return nil, err
	}
	if c.dir, err = os.MkdirTemp("", "spillway-postgres-"); err != nil {
		return nil, err
	}
	if c.as != nil {
		if err := os.Chown(c.dir, int(c.as.Uid), int(c.as.Gid)); err != nil {
			return nil, err
		}
	}
	if err := c.startWatchdog(); err != nil {
		return nil, err
	}
	if err := c.init(settings); err != nil {
		c.remove()
		return nil, err
	}
	if err := c.Start(); err != nil {
		c.remove()
		return nil, err
	}
	c.databases.admin, c.databases.base = c.adminURL(), c.URL()
	for _, sql := range []string{
		fmt.Sprintf("CREATE ROLE %s LOGIN CREATEDB CREATEROLE PASSWORD '%s'", userName, Password),
		fmt.Sprintf("CREATE DATABASE %s OWNER %s", userName, userName),
	} {
		if err := execute(c.adminURL(), sql); err != nil {
			c.remove()
			return nil, err
		}
	}
	return c, nil
}

// init makes the data directory.
func (c *Cluster) init(settings []string) error {
	pw := filepath.Join(c.dir, "password")
	if err := os.WriteFile(pw, []byte(Password+"\n"), 0o644); err != nil {
		return err
	}
	data := filepath.Join(c.dir, "data")
	// initdb need not sync: a machine that goes down here has no use for the cluster.
	out, err := c.command("initdb", "-D", data, "-U", "postgres", "--pwfile", pw, "-A", "scram-sha-256",
		"-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	conf := append([]string{
		"listen_addresses = '127.0.0.1'",
		fmt.Sprintf("port = %d", c.port),
		"unix_socket_directories = ''",
		"max_connections = 200",
		"shared_buffers = 32MB",
		"fsync = on",
		"synchronous_commit = on",
		"max_wal_size = 256MB",
		"timezone = 'America/St_Johns'", // an odd zone, so that nothing relies on UTC
		"log_statement = 'none'",
		"deadlock_timeout = 100ms",
	}, settings...)
	f, err := os.OpenFile(filepath.Join(data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("\n" + strings.Join(conf, "\n") + "\n")
	return errors.Join(err, f.Close())
}

// Start starts the server again and waits until it accepts connections.
func (c *Cluster) Start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server != nil {
		return nil
	}
	log, err := os.Create(filepath.Join(c.dir, "log"))
	if err != nil {
		return err
	}
	cmd := c.command("postgres", "-D", filepath.Join(c.dir, "data"))
	cmd.Stdout, cmd.Stderr = log, log // files: no goroutine copies
	if err := cmd.Start(); err != nil {
		log.Close()
		return err
	}
	c.server, c.log = cmd, log
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, c.adminURL())
		if err == nil {
			return conn.Close(ctx)
		}
		if syscall.Kill(cmd.Process.Pid, 0) != nil || ctx.Err() != nil {
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("the server does not start: %w\n%s", err, text)
		}
		wait(ctx, 10*time.Millisecond)
	}
}

// Stop ends the server as a crash does: connections are cut and nothing is flushed.
// Start brings it back.
func (c *Cluster) Stop() error { return c.stop(syscall.SIGQUIT) }

// Shutdown ends the server in order: sessions are told (57P01) and ended.
func (c *Cluster) Shutdown() error { return c.stop(syscall.SIGINT) }

func (c *Cluster) stop(sig syscall.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server == nil {
		return nil
	}
	if err := c.server.Process.Signal(sig); err != nil {
		return err
	}
	_ = c.server.Wait() // its exit code says only how it was stopped
	c.server = nil
	return c.log.Close()
}

// remove ends the server and waits until the watchdog has removed the directory.
func (c *Cluster) remove() {
	_ = c.Stop()
	_ = c.lifeline.Close()
	_ = c.watch.Wait()
}

// watchdog waits for the end of its input, stops the server and removes its directory.
const watchdog = `
cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
	kill -QUIT "$pid" 2>/dev/null
	n=0
	while [ -f "$1/data/postmaster.pid" ] && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
fi
rm -rf "$1"
`

// startWatchdog starts the shell that cleans up after us, however we end.
func (c *Cluster) startWatchdog() error {
	r, w, err := os.Pipe() // not inherited by other children: Go sets close-on-exec
	if err != nil {
		return err
	}
	defer r.Close()
	cmd := exec.Command("/bin/sh", "-c", watchdog, "sh", c.dir)
	cmd.Dir = "/"
	cmd.Stdin = r
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: c.as}
	if err := cmd.Start(); err != nil {
		w.Close()
		return err
	}
	c.watch, c.lifeline = cmd, w
	return nil
}

// command prepares a program of the server, as the server's user and out of reach of
// the terminal's signals.
func (c *Cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: c.as}
	return cmd
}

// wait pauses for d or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
