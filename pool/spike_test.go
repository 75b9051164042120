package pool_test

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/spillwaydb/spillway/pool"
)

// HikariCP's "Welcome to the Jungle": a burst of short work hits a pool whose
// connections are slow to open.
const (
	spikeCalls     = 50
	spikeIdle      = 5
	spikeConnect   = 150 * time.Millisecond
	spikeStatement = 2 * time.Millisecond
)

func TestSpike(t *testing.T) {
	ours, oursOpened := spike(t, func(t *testing.T) (func(), func(), func() int) {
		k := slow(spikeConnect)
		p := open(t, k, pool.Config{Size: spikeIdle, Overflow: spikeCalls - spikeIdle})
		return func() { warm(t, p, spikeIdle) },
			func() {
				if err := p.Do(context.Background(), read(spikeStatement)); err != nil {
					t.Error(err)
				}
			}, k.Opened
	})
	theirs, theirsOpened := spike(t, spikePgxpool)
	t.Logf("%-10s last call done after %6v, %2d connections opened in all", "spillway", ours, oursOpened)
	t.Logf("%-10s last call done after %6v, %2d connections opened in all", "pgxpool", theirs, theirsOpened)
	if ours > 25*time.Millisecond {
		t.Errorf("the last of %d calls was done after %v, want at most 25ms", spikeCalls, ours)
	}
	if oursOpened > 8 {
		t.Errorf("%d connections opened in all, want at most 8", oursOpened)
	}
	if theirs < spikeConnect || theirsOpened != spikeCalls {
		t.Errorf("pgxpool took %v and %d connections: the comparison does not show what it should", theirs, theirsOpened)
	}
}

// spike runs the burst in virtual time.
func spike(t *testing.T, setup func(t *testing.T) (warm, call func(), opened func() int)) (last time.Duration, n int) {
	synctest.Test(t, func(t *testing.T) {
		warm, call, opened := setup(t)
		warm()
		begin := time.Now()
		var wg sync.WaitGroup
		for range spikeCalls {
			wg.Go(call)
		}
		wg.Wait()
		last = time.Since(begin)
		time.Sleep(time.Second) // connections still being opened count
		n = opened()
	})
	return last, n
}

// spikePgxpool is pgxpool over a server at the other end of a pipe.
func spikePgxpool(t *testing.T) (func(), func(), func() int) {
	var opened atomic.Int64
	cfg, err := pgxpool.ParseConfig("postgres://u@127.0.0.1/db?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	cfg.MaxConns = spikeCalls
	cfg.ConnConfig.LookupFunc = func(context.Context, string) ([]string, error) { return []string{"127.0.0.1"}, nil }
	cfg.ConnConfig.DialFunc = func(context.Context, string, string) (net.Conn, error) {
		opened.Add(1)
		time.Sleep(spikeConnect)
		client, server := net.Pipe()
		go servePostgres(server)
		return client, nil
	}
	p, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	warm := func() {
		conns := make([]*pgxpool.Conn, spikeIdle)
		for i := range conns {
			if conns[i], err = p.Acquire(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range conns {
			c.Release()
		}
		time.Sleep(10 * time.Millisecond)
	}
	call := func() {
		if _, err := p.Exec(context.Background(), "select"); err != nil {
			t.Error(err)
		}
	}
	return warm, call, func() int { return int(opened.Load()) }
}

// servePostgres answers every simple query after spikeStatement.
func servePostgres(conn net.Conn) {
	defer conn.Close()
	b := pgproto3.NewBackend(conn, conn)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if b.Flush() != nil {
		return
	}
	for {
		msg, err := b.Receive()
		if err != nil {
			return
		}
		switch msg.(type) {
		case *pgproto3.Query:
			time.Sleep(spikeStatement)
			b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 0")})
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		case *pgproto3.Parse:
			b.Send(&pgproto3.ParseComplete{})
		case *pgproto3.Describe:
			b.Send(&pgproto3.ParameterDescription{})
			b.Send(&pgproto3.NoData{})
		case *pgproto3.Bind:
			b.Send(&pgproto3.BindComplete{})
		case *pgproto3.Execute:
			time.Sleep(spikeStatement)
			b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 0")})
		case *pgproto3.Sync:
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		case *pgproto3.Terminate:
			return
		}
		if b.Flush() != nil {
			return
		}
	}
}

// Long work is what overflow is for: the pool grows to its limit while statements run.
func TestSpikeOfLongStatementsGrowsToTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(spikeConnect)
		p := open(t, k, pool.Config{Size: 5, Overflow: 10})
		warm(t, p, 5)
		for range 200 { // the pool has learned that statements are short
			if err := p.Do(t.Context(), read(time.Millisecond)); err != nil {
				t.Fatal(err)
			}
		}
		begin := time.Now()
		var wg sync.WaitGroup
		for range 60 {
			wg.Go(func() {
				if err := p.Do(context.Background(), read(2*time.Second)); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(time.Second)
		if got := k.Open(); got != 15 {
			t.Errorf("%d connections after a second of long statements, want Size+Overflow = 15", got)
		}
		wg.Wait()
		t.Logf("60 statements of 2s over 15 connections: %v", time.Since(begin).Round(time.Millisecond))
		if k.MaxOpen() > 15 {
			t.Errorf("%d connections at once, limit 15", k.MaxOpen())
		}
		time.Sleep(time.Second)
		if got := k.Open(); got != 5 {
			t.Errorf("%d connections when the work is done, want Size = 5", got)
		}
	})
}
