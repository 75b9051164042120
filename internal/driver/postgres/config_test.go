package postgres_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/postgres"
	"github.com/spillwaydb/spillway/internal/testdb"
)

// with returns the URL with some parts changed.
func with(t *testing.T, base string, change func(u *url.URL)) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	change(u)
	return u.String()
}

func TestWhyThereIsNoConnection(t *testing.T) {
	base := testdb.Postgres(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	closed.Close()
	for _, tt := range []struct {
		name, url string
		kind      driver.Kind
		names     string
	}{
		{"a wrong password", with(t, base, func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), testdb.Password+"-wrong") }), driver.ErrAuth, ""},
		{"an unknown user", with(t, base, func(u *url.URL) { u.User = url.UserPassword("nobody_here", testdb.Password) }), driver.ErrAuth, ""},
		{"a database that is not there", with(t, base, func(u *url.URL) { u.Path = "/no_such_database" }), driver.ErrNoDatabase, "no_such_database"},
		{"a server that is not there", with(t, base, func(u *url.URL) { u.Host = nobody }), driver.ErrConnect, nobody},
		{"a host that is not there", with(t, base, func(u *url.URL) { u.Host = "no-such-host.invalid:5432" }), driver.ErrConnect, "no-such-host.invalid"},
		{"a server without TLS", with(t, base, func(u *url.URL) { u.RawQuery = "sslmode=require" }), driver.ErrConnect, "TLS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := postgres.Open(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			conn, err := c.Connect(t.Context(), driver.Reader)
			if err == nil {
				conn.Close(t.Context())
				t.Fatal("connected")
			}
			is(t, err, tt.kind)
			database := c.Features().Database
			for _, word := range []string{tt.names, database} {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("the error %q does not name %q", err, word)
				}
			}
			quiet(t, errors.New(database))
		})
	}
}

func TestTooManyConnections(t *testing.T) {
	cluster := testdb.NewCluster(t, "max_connections = 5", "superuser_reserved_connections = 2")
	c := connector(t, cluster.URL())
	for range 3 {
		connect(t, c)
	}
	_, err := c.Connect(t.Context(), driver.Reader)
	is(t, err, driver.ErrTooMany)
	if got := c.Features().MaxConnections(); got != 3 {
		t.Errorf("MaxConnections %d, want 3", got)
	}
}

func TestAURLThatCanNotBeReadIsNotShown(t *testing.T) {
	for _, u := range []string{
		"postgres://user:" + testdb.Password + "@host:port/db",
		"postgres://user:" + testdb.Password + "@host/db?sslmode=sometimes",
		"postgres://user:" + testdb.Password + "@host/db?connect_timeout=soon",
		"postgres://user:" + testdb.Password + "%zz@host/db",
		"postgres://user:" + testdb.Password + "/x@host/db?pool_max_conns=none",
		"host=here password=" + testdb.Password + " port=x",
		"password='" + testdb.Password,
		testdb.Password,
	} {
		c, err := postgres.Open(u)
		if err == nil {
			c.Close()
			t.Errorf("%q is accepted", strings.ReplaceAll(u, testdb.Password, "…"))
			continue
		}
		is(t, err, driver.ErrConnect)
		if !strings.Contains(err.Error(), "postgres://") {
			t.Errorf("%q does not say what a URL looks like", err)
		}
	}
}

func TestSettingsOfTheUserAreKept(t *testing.T) {
	base := testdb.Postgres(t)
	conn := connect(t, connector(t, base))
	if got := rows(t, conn, "SELECT current_setting('application_name'), current_setting('client_encoding'), current_setting('datestyle')"); got != "[[spillway UTF8 ISO, MDY]]" {
		t.Errorf("defaults: %s", got)
	}
	var calls []string
	type key struct{}
	c := connector(t, base, func(config *pgxpool.Config) {
		config.ConnConfig.RuntimeParams["Application_Name"] = "mine"
		config.ConnConfig.RuntimeParams["search_path"] = "pg_catalog"
		config.MinConns, config.MinIdleConns, config.MaxConns = 2, 2, 2
		config.BeforeConnect = func(ctx context.Context, cc *pgx.ConnConfig) error {
			calls = append(calls, "BeforeConnect "+ctx.Value(key{}).(string))
			cc.RuntimeParams["lock_timeout"] = "4321ms"
			return nil
		}
		config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			calls = append(calls, "AfterConnect "+ctx.Value(key{}).(string))
			_, err := conn.Exec(ctx, "SET statement_timeout = '5432ms'")
			return err
		}
		config.BeforeClose = func(*pgx.Conn) { calls = append(calls, "BeforeClose") }
		config.ConnConfig.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { calls = append(calls, "notice "+n.Message) }
		config.ConnConfig.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) {
			calls = append(calls, "notification "+n.Payload)
		}
	})
	mine, err := c.Connect(context.WithValue(t.Context(), key{}, "ctx"), driver.Writer)
	if err != nil {
		t.Fatal(err)
	}
	if got := rows(t, mine, "SELECT current_setting('application_name'), current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('search_path')"); got != "[[mine 4321ms 5432ms pg_catalog]]" {
		t.Errorf("settings: %s", got)
	}
	do(t, mine, driver.Statement{SQL: "DO $$ BEGIN RAISE NOTICE 'hello'; END $$"}, driver.Statement{SQL: "LISTEN news"}, driver.Statement{SQL: "NOTIFY news, 'flash'"}, read("SELECT 1"))
	if err := mine.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(calls, ", "), "BeforeConnect ctx, AfterConnect ctx, notice hello, notification flash, BeforeClose"; got != want {
		t.Errorf("calls: %s\nwant:  %s", got, want)
	}
}

func TestAHookThatFailsIsTheReason(t *testing.T) {
	reason := errors.New("not today")
	c := connector(t, testdb.Postgres(t), func(config *pgxpool.Config) {
		config.AfterConnect = func(context.Context, *pgx.Conn) error { return reason }
	})
	_, err := c.Connect(t.Context(), driver.Reader)
	is(t, err, driver.ErrConnect, reason)
}

func TestAConnectionThatComesTooLateIsNotHandedOut(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := connector(t, testdb.Postgres(t), func(config *pgxpool.Config) {
		config.AfterConnect = func(context.Context, *pgx.Conn) error { cancel(); return nil }
	})
	conn, err := c.Connect(ctx, driver.Reader)
	is(t, err, driver.ErrConnect, context.Canceled)
	if conn != nil {
		t.Error("it is handed out")
		conn.Close(t.Context())
	}
}

func TestCloseEndsTheSessionOnTheServer(t *testing.T) {
	c := connector(t, testdb.Postgres(t))
	watcher, conn := connect(t, c), connect(t, c)
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	await(t, watcher, "the session has ended on the server", func() bool {
		return rows(t, watcher, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'") == "[[1]]"
	})
}
