package drivertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

var connectionTests = []test{
	{"a new connection is idle and answers", func(s *suite) {
		s.usable(s.conn)
		if err := s.conn.Ping(s.Context()); err != nil {
			s.Errorf("Ping: %v", err)
		}
		s.usable(s.connect(driver.Reader))
	}},
	{"the connector names its backend and database", func(s *suite) {
		if s.features.Name == "" || s.features.Database == "" {
			s.Errorf("name %q, database %q", s.features.Name, s.features.Database)
		}
		if s.features.MaxConnections != nil && s.features.MaxConnections() < 0 {
			s.Errorf("MaxConnections %d", s.features.MaxConnections())
		}
	}},
	{"Connect ends when its context has ended", func(s *suite) {
		ctx, cancel := context.WithCancelCause(s.Context())
		cancel(errStop)
		conn, err := s.connector.Connect(ctx, driver.Reader)
		if err == nil {
			_ = conn.Close(s.Context())
			s.Fatal("Connect opened a connection")
		}
		if !errors.Is(err, errStop) && !errors.Is(err, context.Canceled) {
			s.Errorf("the error is %v, want the cause", err)
		}
	}},
	{"Reset ends an open transaction", func(s *suite) {
		s.table()
		for _, mode := range []driver.ResetMode{driver.ResetRollback, driver.ResetFull} {
			s.do(s.begin(), write("INSERT INTO t (id) VALUES (1)"))
			s.status(driver.InTx)
			if err := s.conn.Reset(s.Context(), mode); err != nil {
				s.Fatal(err)
			}
			s.usable(s.conn)
			if n := s.count("t"); n != 0 {
				s.Errorf("%d rows are stored", n)
			}
		}
	}},
	{"Reset ends a failed transaction", func(s *suite) {
		s.do(s.begin())
		s.fly(read("SELECT missing FROM nowhere", nil))
		s.status(driver.InFailedTx)
		if err := s.conn.Reset(s.Context(), driver.ResetRollback); err != nil {
			s.Fatal(err)
		}
		s.usable(s.conn)
	}},
	{"Reset of an idle connection changes nothing", func(s *suite) {
		s.table()
		s.do(write("INSERT INTO t (id) VALUES (1)"), raw("CREATE TEMPORARY TABLE own (id "+s.integer+")"))
		if err := s.conn.Reset(s.Context(), driver.ResetRollback); err != nil {
			s.Fatal(err)
		}
		if n := s.count("t") + s.count("own"); n != 1 {
			s.Errorf("%d rows, want 1", n)
		}
	}},
	{"a full Reset drops temporary tables, and statements go on", func(s *suite) {
		s.table()
		s.do(raw("CREATE TEMPORARY TABLE own (id " + s.integer + ")"))
		for range 3 {
			s.count("own")
			s.count("t")
		}
		if err := s.conn.Reset(s.Context(), driver.ResetFull); err != nil {
			s.Fatal(err)
		}
		s.kind(s.fly(read("SELECT count(*) FROM own", nil))[0].Err, driver.ErrNoTable)
		if n := s.count("t"); n != 0 {
			s.Errorf("%d rows", n)
		}
		s.usable(s.conn)
	}},
	{"a closed connection is broken, and closing it again does nothing", func(s *suite) {
		for range 2 {
			if err := s.conn.Close(s.Context()); err != nil {
				s.Errorf("Close: %v", err)
			}
			s.status(driver.Broken)
		}
		s.lost(s.conn)
		if err := s.conn.Ping(s.Context()); err == nil {
			s.Error("a closed connection answers a ping")
		}
		if err := s.conn.Reset(s.Context(), driver.ResetRollback); err == nil {
			s.Error("a closed connection can be reset")
		}
	}},
	{"closing a connection rolls its transaction back", func(s *suite) {
		s.table()
		s.do(s.begin(), write("INSERT INTO t (id) VALUES (1)"))
		if err := s.conn.Close(s.Context()); err != nil {
			s.Errorf("Close: %v", err)
		}
		other := s.connect(driver.Writer)
		// A write waits until the other side has let go.
		s.doOn(other, s.begin(), write("INSERT INTO t (id) VALUES (1)"), commit())
		if n := s.countOn(other, "t"); n != 1 {
			s.Errorf("%d rows, want 1", n)
		}
	}},
	{"Close ends a statement that runs", func(s *suite) {
		for _, ctx := range []context.Context{s.Context(), canceled(s.Context())} {
			conn := s.connect(driver.Reader)
			running := make(chan struct{})
			var once sync.Once
			f := driver.Flight{Statements: []driver.Statement{read(s.endless, each(func(driver.Row) error {
				once.Do(func() { close(running) })
				return nil
			})), read("SELECT 1", nil)}}
			var err error
			s.within("the flight", func() {
				var wg sync.WaitGroup
				wg.Go(func() { err = conn.Fly(context.Background(), &f) })
				<-running
				closing, stop := context.WithTimeout(ctx, 100*time.Millisecond)
				_ = conn.Close(closing)
				stop()
				wg.Wait()
			})
			if err == nil || conn.Status() != driver.Broken {
				s.Errorf("Fly returned %v and the connection is %v", err, conn.Status())
			}
			s.quiet(err)
			for i := range f.Statements {
				s.kind(f.Statements[i].Err, driver.ErrConnectionLost)
			}
		}
	}},
	{"a connection that the server ended is lost", func(s *suite) {
		if s.terminate == "" {
			// No server stands between this backend and its data; only Close ends a
			// connection, and the tests above show how.
			if s.features.RoundTrip {
				s.Error("the backend crosses a network: give the dialect a way to end a connection")
			}
			return
		}
		s.table()
		victim := s.connect(driver.Writer)
		pid := s.allOn(victim, s.identify)[0][0].(int64)
		s.doOn(victim, s.begin(), write("INSERT INTO t (id) VALUES (1)"))
		s.do(read(s.terminate, nil, driver.Int64(pid)))
		s.lost(victim)
		if n := s.count("t"); n != 0 {
			s.Errorf("%d rows are stored", n)
		}
	}},
	{"many connections work at once", func(s *suite) {
		s.table()
		const each = 40
		role := driver.Reader
		if !s.features.SingleWriter {
			role = driver.Writer
		}
		conns := [6]driver.Conn{s.conn}
		for i := 1; i < len(conns); i++ {
			conns[i] = s.connect(role)
		}
		s.within("the work", func() {
			var wg sync.WaitGroup
			for i, conn := range conns {
				wg.Go(func() {
					for j := range each {
						var got rows
						id := int64(i*1000 + j)
						st := []driver.Statement{read("SELECT "+s.p1+" + 0", &got, driver.Int64(id))}
						if i == 0 || role == driver.Writer {
							st = append(st, write("INSERT INTO t (id) VALUES ("+s.p1+")", driver.Int64(id)))
						}
						f := driver.Flight{Statements: st}
						if err := errors.Join(conn.Fly(s.Context(), &f), f.Err()); err != nil {
							s.Errorf("connection %d: %v", i, err)
							return
						}
						if fmt.Sprint(got.rows) != fmt.Sprintf("[[%d]]", id) {
							s.Errorf("connection %d asked for %d and got %v", i, id, got.rows)
						}
					}
				})
			}
			wg.Wait()
		})
		want := int64(each)
		if !s.features.SingleWriter {
			want *= int64(len(conns))
		}
		if n := s.count("t"); n != want {
			s.Errorf("%d rows, want %d", n, want)
		}
	}},
}

// lost checks that a connection is gone and says so.
func (s *suite) lost(conn driver.Conn) {
	s.Helper()
	f := driver.Flight{Statements: []driver.Statement{read("SELECT 1", nil), read("SELECT 2", nil)}}
	s.within("the flight", func() {
		s.kind(conn.Fly(s.Context(), &f), driver.ErrConnectionLost)
	})
	if conn.Status() != driver.Broken {
		s.Errorf("the connection is %v, want %v", conn.Status(), driver.Broken)
	}
	for i := range f.Statements {
		s.kind(f.Statements[i].Err, driver.ErrConnectionLost)
	}
}

func canceled(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

var _ testing.TB = (*suite)(nil)
