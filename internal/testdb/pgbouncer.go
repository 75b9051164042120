//go:build unix

package testdb

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// bouncer runs PgBouncer until the end of its input, which is the end of the test
// binary at the latest, and removes its directory.
const bouncer = `
"$2" -q "$1/pgbouncer.ini" >"$1/log" 2>&1 &
pid=$!
cat >/dev/null
kill -TERM "$pid" 2>/dev/null
wait "$pid"
rm -rf "$1"
`

// PgBouncer starts a PgBouncer in transaction mode in front of the server of a URL, until
// the test ends, and returns the URL that leads through it. Each setting is a line of its
// configuration such as "default_pool_size = 2".
func PgBouncer(t testing.TB, server string, settings ...string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // not in the PATH of ordinary users
		if _, err := os.Stat(program); err != nil {
			missing(t, "no PgBouncer is installed on this machine", "apt-get install pgbouncer")
		}
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("testdb: the server's URL can not be read")
	}
	as, err := account()
	if err != nil {
		t.Fatal(err)
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "spillway-pgbouncer-")
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	for name, text := range map[string]string{
		"users": fmt.Sprintf("%q %q\n", u.User.Username(), password),
		"pgbouncer.ini": strings.Join(append([]string{
			"[databases]",
			fmt.Sprintf("* = host=%s port=%s", u.Hostname(), u.Port()),
			"[pgbouncer]",
			"listen_addr = 127.0.0.1",
			fmt.Sprintf("listen_port = %d", port),
			"unix_socket_dir =",
			"auth_type = scram-sha-256",
			"auth_file = " + filepath.Join(dir, "users"),
			"pool_mode = transaction",
			"max_client_conn = 300",
		}, settings...), "\n") + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if as != nil {
		if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("/bin/sh", "-c", bouncer, "sh", dir, program)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: as}
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = lifeline.Close()
		_ = cmd.Wait() // its exit code is that of rm
	})
	through := *u
	through.Host = fmt.Sprintf("127.0.0.1:%d", port)
	q := through.Query()
	q.Set("sslmode", "disable")
	through.RawQuery = q.Encode()
	ctx, cancel := context.WithTimeout(t.Context(), adminTimeout)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, through.String())
		if err == nil {
			_ = conn.Close(ctx)
			return through.String()
		}
		if ctx.Err() != nil || strings.Contains(err.Error(), "FATAL") {
			text, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Fatalf("testdb: PgBouncer does not start: %v\n%s", err, text)
		}
		wait(ctx, 10*time.Millisecond)
	}
}
