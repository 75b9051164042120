package postgres_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/drivertest"
	"github.com/spillwaydb/spillway/internal/driver/postgres"
	"github.com/spillwaydb/spillway/internal/testdb"
)

// Everything that holds for a server holds behind PgBouncer, which here lends two
// connections.
func TestConformanceBehindPgBouncer(t *testing.T) {
	through, err := url.Parse(testdb.PgBouncer(t, testdb.Postgres(t), "default_pool_size = 8"))
	if err != nil {
		t.Fatal(err)
	}
	drivertest.Run(t, func(t testing.TB) driver.Connector {
		u, err := url.Parse(testdb.Postgres(t))
		if err != nil {
			t.Fatal(err)
		}
		u.Host, u.RawQuery = through.Host, through.RawQuery
		c, err := postgres.Open(u.String())
		if err != nil {
			t.Fatal(err)
		}
		c.SetTransactionPooler()
		return c
	})
}

// The same with a round trip for each statement.
func TestConformanceStepByStep(t *testing.T) {
	drivertest.Run(t, func(t testing.TB) driver.Connector {
		c := open(t).(*postgres.Connector)
		c.SetTransactionPooler()
		postgres.Stepwise(c)
		return c
	})
}

func TestAPoolerThatTakesOneStatementAtATime(t *testing.T) {
	u, err := url.Parse(testdb.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	u.Host = deafProxy(t, u.Host)
	c := connector(t, u.String())
	var log bytes.Buffer
	c.SetLogger(slog.New(slog.NewTextHandler(&log, nil)))
	c.SetTransactionPooler()
	conn := connect(t, c)
	if !postgres.IsStepwise(c) {
		t.Error("statements are still sent together")
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "pooler") || strings.Contains(text, testdb.Password) {
		t.Errorf("the log says %q", text)
	}
	do(t, conn, schema("CREATE TABLE t (n int)"), write("INSERT INTO t VALUES (1)"), begin, write("INSERT INTO t VALUES (2)"), commit)
	done := fly(t, conn, begin, write("INSERT INTO t VALUES (3)"), write("INSERT INTO nowhere VALUES (3)"), write("INSERT INTO t VALUES (4)"), commit,
		write("INSERT INTO t VALUES (5)"))
	for i, want := range []error{nil, nil, driver.ErrNoTable, driver.ErrTxAborted, driver.ErrTxAborted, nil} {
		if want == nil && done[i].Err != nil {
			t.Errorf("%s: %v", done[i].SQL, done[i].Err)
		} else if want != nil {
			is(t, done[i].Err, want)
		}
	}
	if got := rows(t, conn, "SELECT n FROM t ORDER BY n"); got != "[[1] [2] [5]]" {
		t.Errorf("the table holds %s", got)
	}
	// A transaction that does not begin: nothing of it may stand on its own.
	done = fly(t, conn, driver.Statement{SQL: "BEGIN NONSENSE", Class: driver.Begin}, write("INSERT INTO t VALUES (6)"), commit, write("INSERT INTO t VALUES (7)"))
	is(t, done[1].Err, driver.ErrTxAborted)
	is(t, done[2].Err, driver.ErrTxAborted)
	if got := rows(t, conn, "SELECT n FROM t ORDER BY n"); got != "[[1] [2] [5] [7]]" {
		t.Errorf("the table holds %s", got)
	}
	usable(t, conn)
	connect(t, c) // a second one does not ask again
	if strings.Count(log.String(), "\n") != 1 {
		t.Errorf("the log says %q", log.String())
	}
}

// deafProxy carries what clients say to a server, until one sends a second Sync before
// the first is answered: then it hears nothing any more, as some poolers do.
func deafProxy(t *testing.T, server string) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	t.Cleanup(func() { l.Close(); work.Wait() })
	work.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			back, err := net.Dial("tcp", server)
			if err != nil {
				client.Close()
				return
			}
			work.Go(func() {
				defer client.Close()
				_, _ = io.Copy(client, back)
			})
			work.Go(func() {
				defer back.Close()
				buf := make([]byte, 64<<10)
				for deaf := false; ; {
					n, err := client.Read(buf)
					if err != nil {
						return
					}
					// What a client sends at once arrives at once, on one machine.
					if deaf = deaf || syncs(buf[:n]) > 1; !deaf {
						if _, err := back.Write(buf[:n]); err != nil {
							return
						}
					}
				}
			})
		}
	})
	return l.Addr().String()
}

// syncs counts the Sync messages in what a client sent.
func syncs(b []byte) (n int) {
	if b[0] == 0 { // a start-up message has no type
		return 0
	}
	for len(b) >= 5 {
		if b[0] == 'S' {
			n++
		}
		b = b[min(len(b), 1+int(binary.BigEndian.Uint32(b[1:5]))):]
	}
	return n
}
