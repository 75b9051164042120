package pool_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
	"github.com/spillwaydb/spillway/pool"
)

// answer is the first value of each row.
type answer struct {
	got  []int64
	hold chan struct{} // the first row waits for it
}

func (*answer) Begin([]driver.Column) error { return nil }

func (a *answer) Row(r driver.Row) error {
	if a.hold != nil {
		<-a.hold
	}
	n, err := r.Int64(0)
	a.got = append(a.got, n)
	return err
}

func ask(sql string, args ...driver.Value) (*pool.Op, *answer) {
	a := &answer{}
	op := &pool.Op{Role: driver.Reader}
	op.Statements = []driver.Statement{{SQL: sql, Args: args, Class: driver.Read, Sink: a}}
	return op, a
}

// readersHeld submits operations while every reader is held, so that they wait, and lets
// the readers go.
func readersHeld(t testing.TB, p *pool.Pool, readers int, submit func()) {
	t.Helper()
	var held []*pool.Lease
	for range readers {
		l := pool.NewLease("test")
		op, _ := ask("SELECT 1")
		op.Take = l
		if err := p.Do(t.Context(), op); err != nil {
			t.Fatal(err)
		}
		held = append(held, l)
	}
	submit()
	for _, l := range held {
		l.Release()
	}
}

func wantLooks(t testing.TB, p *pool.Pool, reads uint64) {
	t.Helper()
	_ = p.Do(context.Background(), put("wait until the reader has counted"))
	op, _ := ask("SELECT 1")
	_ = p.Do(context.Background(), op)
	if s := p.Stats().SharedReads; s.Sum != reads {
		t.Errorf("%d reads shared snapshots, want %d", s.Sum, reads)
	}
}

func TestReadsThatWaitShareASnapshot(t *testing.T) {
	p := liteFile(t, sqlite.Config{}, pool.Config{Size: 1, Overflow: pool.NoOverflow, Flights: pool.LaneOn})
	const n = 20
	ended := make(resolved, n)
	var answers []*answer
	readersHeld(t, p, 1, func() {
		for i := range n {
			op, a := ask("SELECT ?1 + 1", driver.Int64(int64(i)))
			if i == 7 {
				op, a = ask("SELECT abs(?1)", driver.Int64(-1<<63)) // fails, alone
			}
			answers = append(answers, a)
			p.Submit(t.Context(), op, ended)
		}
	})
	failed := 0
	for range n {
		if op := <-ended; op.Outcome() != nil {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("%d reads failed, want the one that is wrong", failed)
	}
	for i, a := range answers {
		if i != 7 && (len(a.got) != 1 || a.got[0] != int64(i)+1) {
			t.Errorf("read %d got %v", i, a.got)
		}
	}
	wantLooks(t, p, n)
}

func TestAReadCanceledInASnapshotDisturbsNobody(t *testing.T) {
	p := liteFile(t, sqlite.Config{}, pool.Config{Size: 1, Overflow: pool.NoOverflow, Flights: pool.LaneOn})
	p.Crowded(100)
	ended := make(resolved, 3)
	first, a := ask("SELECT 1")
	a.hold = make(chan struct{})
	ctx, cancel := context.WithCancelCause(t.Context())
	waits, _ := ask("SELECT 2")
	endless, _ := ask("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c")
	last, b := ask("SELECT 3")
	readersHeld(t, p, 1, func() {
		p.Submit(t.Context(), first, ended)
		p.Submit(ctx, waits, ended)
		p.Submit(t.Context(), last, ended)
	})
	cancel(errImpatient)
	close(a.hold)
	for range 3 {
		<-ended
	}
	if !errors.Is(waits.Outcome(), errImpatient) || first.Outcome() != nil || last.Outcome() != nil || len(b.got) != 1 {
		t.Errorf("canceled before its turn: %v; the others: %v %v %v", waits.Outcome(), first.Outcome(), last.Outcome(), b.got)
	}

	ctx, cancel = context.WithCancelCause(t.Context())
	first, _ = ask("SELECT 1")
	last, b = ask("SELECT 3")
	readersHeld(t, p, 1, func() {
		p.Submit(t.Context(), first, ended)
		p.Submit(ctx, endless, ended)
		p.Submit(t.Context(), last, ended)
	})
	<-ended
	cancel(errImpatient)
	<-ended
	<-ended
	if !errors.Is(endless.Outcome(), errImpatient) || last.Outcome() != nil || len(b.got) != 1 {
		t.Errorf("interrupted: %v; the one behind it: %v %v", endless.Outcome(), last.Outcome(), b.got)
	}
}

// While readers are slow others are set to work, although as many as there are processors
// have something to do.
func TestSlowReadersHoldUpNobody(t *testing.T) {
	const slow = 8
	p := liteFile(t, sqlite.Config{}, pool.Config{Size: slow + 2, Overflow: pool.NoOverflow, Flights: pool.LaneOn})
	p.Crowded(1 << 20)
	hold := make(chan struct{})
	ended := make(resolved, slow)
	for range slow {
		op, a := ask("SELECT 1")
		a.hold = hold
		p.Submit(t.Context(), op, ended)
	}
	for range 100 {
		op, _ := ask("SELECT 1")
		if err := p.Do(t.Context(), op); err != nil {
			t.Fatal(err)
		}
	}
	if len(ended) > 0 {
		t.Fatal("a read ended that was held")
	}
	close(hold)
	for range slow {
		<-ended
	}
}

func TestAReadSeesWhatWasAcknowledgedBeforeIt(t *testing.T) {
	p := liteFile(t, sqlite.Config{}, pool.Config{Size: 2, Overflow: pool.NoOverflow, Flights: pool.LaneOn})
	var acknowledged atomic.Int64
	var over atomic.Bool
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for !over.Load() {
				at := acknowledged.Load()
				op, a := ask("SELECT count(*) FROM t")
				if err := p.Do(context.Background(), op); err != nil || op.Outcome() != nil {
					t.Error(err, op.Outcome())
					return
				}
				if a.got[0] < at {
					t.Errorf("saw %d rows when %d were acknowledged", a.got[0], at)
					return
				}
			}
		})
	}
	for range 300 {
		if op := puts("INSERT INTO t (v) VALUES (?1)", ""); true {
			op.Statements[0].Args[0] = driver.Null()
			_ = p.Do(context.Background(), op)
			if op.Outcome() != nil {
				t.Fatal(op.Outcome())
			}
		}
		acknowledged.Add(1)
	}
	over.Store(true)
	wg.Wait()
	if s := p.Stats().SharedReads; s.Count == 0 {
		t.Error("no snapshot was shared")
	}
}

func TestSnapshotsAreNotSharedWithFlightsOff(t *testing.T) {
	p := liteFile(t, sqlite.Config{}, pool.Config{Size: 1, Overflow: pool.NoOverflow, Flights: pool.LaneOff})
	ended := make(resolved, 10)
	readersHeld(t, p, 1, func() {
		for range 10 {
			op, _ := ask("SELECT 1")
			p.Submit(t.Context(), op, ended)
		}
	})
	for range 10 {
		<-ended
	}
	wantLooks(t, p, 0)
}
