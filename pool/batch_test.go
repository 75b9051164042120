package pool_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
	"github.com/spillwaydb/spillway/internal/faultvfs"
	"github.com/spillwaydb/spillway/pool"
)

// liteFile makes a pool over a file of SQLite with a table.
func liteFile(t testing.TB, lite sqlite.Config, cfg pool.Config) *pool.Pool {
	t.Helper()
	if lite.Path == "" {
		lite.Path = filepath.Join(t.TempDir(), "test.db")
	}
	c, err := sqlite.New(lite)
	if err != nil {
		t.Fatal(err)
	}
	p := open(t, c, cfg)
	p.BatchFor(time.Hour)
	mustRun(t, p, "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, v TEXT UNIQUE)")
	return p
}

func mustRun(t testing.TB, p *pool.Pool, sql string) {
	t.Helper()
	op := &pool.Op{Role: driver.Writer, Flight: driver.Flight{Statements: []driver.Statement{{SQL: sql, Class: driver.Schema}}}}
	if err := p.Do(t.Context(), op); err != nil || op.Outcome() != nil {
		t.Fatal(op.Outcome())
	}
}

// put is the operation of one INSERT.
func put(v string) *pool.Op { return puts("INSERT INTO t (v) VALUES (?1)", v) }

func puts(sql, v string) *pool.Op {
	op := &pool.Op{Role: driver.Writer}
	op.Statements = []driver.Statement{{SQL: sql, Class: driver.Write, Args: []driver.Value{driver.Text(v)}}}
	return op
}

// tx is the operation of a transaction of INSERTs.
func tx(vs ...string) *pool.Op {
	op := &pool.Op{Role: driver.Writer}
	op.Statements = append(op.Statements, driver.Statement{SQL: "BEGIN IMMEDIATE", Class: driver.Begin})
	for _, v := range vs {
		op.Statements = append(op.Statements, put(v).Statements...)
	}
	op.Statements = append(op.Statements, driver.Statement{SQL: "COMMIT", Class: driver.Commit})
	return op
}

// together has the operations queue while the writer is held, so that they are carried out
// together if they can be, and waits for their end.
func together(t testing.TB, p *pool.Pool, ops ...*pool.Op) {
	t.Helper()
	l := take(t, context.Background(), p, "test")
	ended := make(resolved, len(ops))
	for _, op := range ops {
		p.Submit(context.Background(), op, ended)
	}
	l.Release()
	for range ops {
		<-ended
	}
}

// stored lists what is in the table.
func stored(t testing.TB, p *pool.Pool) string {
	t.Helper()
	var got []string
	op := &pool.Op{Role: driver.Reader}
	op.Statements = []driver.Statement{{SQL: "SELECT v FROM t ORDER BY id", Class: driver.Read, Sink: eachRow(func(r driver.Row) error {
		v, err := r.Text(0)
		got = append(got, v)
		return err
	})}}
	if err := p.Do(context.Background(), op); err != nil || op.Outcome() != nil {
		t.Fatal(op.Outcome())
	}
	return strings.Join(got, " ")
}

type eachRow func(driver.Row) error

func (eachRow) Begin([]driver.Column) error { return nil }
func (f eachRow) Row(r driver.Row) error    { return f(r) }

func wantOutcome(t testing.TB, op *pool.Op, want error) {
	t.Helper()
	if err := op.Outcome(); !errors.Is(err, want) {
		t.Errorf("%s: want %v, got %v", op.Statements[0].Args, want, err)
	}
}

func wantShared(t testing.TB, p *pool.Pool, batches, units uint64) {
	t.Helper()
	if s := p.Stats().SharedWrites; s.Count != batches || s.Sum != units {
		t.Errorf("%d writes shared %d commits, want %d and %d", s.Sum, s.Count, units, batches)
	}
}

func TestWritesThatQueuedShareACommitInTheirOrder(t *testing.T) {
	p := liteFile(t, sqlite.Config{}, pool.Config{GroupWrites: pool.GroupAuto})
	var ops []*pool.Op
	var want []string
	for i := range 20 {
		ops = append(ops, put(fmt.Sprint(i)))
		want = append(want, fmt.Sprint(i))
	}
	together(t, p, ops...)
	for _, op := range ops {
		wantOutcome(t, op, nil)
		if op.Statements[0].Affected != 1 {
			t.Errorf("%d rows affected", op.Statements[0].Affected)
		}
	}
	if got := stored(t, p); got != strings.Join(want, " ") {
		t.Errorf("stored %s", got)
	}
	wantShared(t, p, 1, 20)
}

func TestGroupWritesOff(t *testing.T) {
	p := liteFile(t, sqlite.Config{}, pool.Config{GroupWrites: pool.GroupOff})
	together(t, p, put("a"), put("b"), put("c"))
	if got := stored(t, p); got != "a b c" {
		t.Errorf("stored %s", got)
	}
	wantShared(t, p, 0, 0)
}

func TestAWriteThatFailsInABatchFailsAlone(t *testing.T) {
	p := liteFile(t, sqlite.Config{}, pool.Config{GroupWrites: pool.GroupAuto})
	mustRun(t, p, "CREATE TABLE child (t INTEGER REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
	twice, orphan, whole, broken := put("a"), puts("INSERT INTO child (t) VALUES (99 + length(?1))", "x"), tx("d", "e"), tx("f", "a", "g")
	first, last := put("a"), put("z")
	together(t, p, first, twice, orphan, whole, broken, last)
	for op, want := range map[*pool.Op]error{
		first: nil, twice: driver.ErrUnique, orphan: driver.ErrForeignKey, whole: nil, broken: driver.ErrUnique, last: nil,
	} {
		wantOutcome(t, op, want)
	}
	if got := stored(t, p); got != "a d e z" {
		t.Errorf("stored %s", got)
	}
	wantShared(t, p, 1, 6)
}

func TestWhatUndoesABatchHasTheOthersCarriedOutAgain(t *testing.T) {
	p := liteFile(t, sqlite.Config{}, pool.Config{GroupWrites: pool.GroupAuto})
	mustRun(t, p, "CREATE TRIGGER tr BEFORE INSERT ON t WHEN new.v = 'bad' BEGIN SELECT raise(rollback, 'no'); END")
	a, twice, bad, b := put("a"), put("a"), puts("INSERT INTO t (v) SELECT ?1", "bad"), put("b")
	together(t, p, a, twice, bad, b)
	wantOutcome(t, a, nil)
	wantOutcome(t, twice, driver.ErrUnique)
	wantOutcome(t, bad, driver.ErrDatabase)
	wantOutcome(t, b, nil)
	if got := stored(t, p); got != "a b" {
		t.Errorf("stored %s", got)
	}
	if n := p.Stats().Resends; n != 1 {
		t.Errorf("%d resends, want 1", n)
	}
	// For a while it goes alone, so that it does no more harm.
	together(t, p, put("c"), puts("INSERT INTO t (v) SELECT ?1", "bad"), put("d"))
	if n := p.Stats().Resends; n != 1 {
		t.Errorf("%d resends, want still 1", n)
	}
	if got := stored(t, p); got != "a b c d" {
		t.Errorf("stored %s", got)
	}
}

func TestRawSQLAndSchemaHaveTheWriterToThemselves(t *testing.T) {
	p := liteFile(t, sqlite.Config{}, pool.Config{GroupWrites: pool.GroupAuto})
	raw, ddl := put("raw"), put("x")
	raw.Statements[0].Class = driver.Raw
	ddl.Statements[0] = driver.Statement{SQL: "CREATE TABLE u (id INTEGER)", Class: driver.Schema}
	together(t, p, put("a"), put("b"), raw, put("c"), put("d"), put("e"), ddl, put("f"))
	if got := stored(t, p); got != "a b raw c d e f" {
		t.Errorf("stored %s", got)
	}
	wantShared(t, p, 2, 5)
}

func TestABatchIsBounded(t *testing.T) {
	p := liteFile(t, sqlite.Config{}, pool.Config{GroupWrites: pool.GroupAuto})
	var ops []*pool.Op
	for i := range 300 {
		ops = append(ops, put(fmt.Sprint(i)))
	}
	together(t, p, ops...)
	s := p.Stats().SharedWrites
	if s.Sum != 300 || s.Count != 2 {
		t.Errorf("%d writes shared %d commits", s.Sum, s.Count)
	}
	ops = nil
	for i := range 4 {
		ops = append(ops, put(strings.Repeat(fmt.Sprint(i), 200<<10)))
	}
	together(t, p, ops...)
	if n := len(stored(t, p)); n < 4*200<<10 {
		t.Errorf("stored %d bytes", n)
	}
	if more := p.Stats().SharedWrites.Sum - s.Sum; more >= 4 {
		t.Errorf("%d large writes shared commits", more)
	}
}

func TestACommitThatFailsFailsEveryUnit(t *testing.T) {
	disk := faultvfs.New()
	defer disk.Close()
	p := liteFile(t, sqlite.Config{VFS: disk.Name()}, pool.Config{GroupWrites: pool.GroupAuto})
	together(t, p, put("a"), put("b"))
	disk.FailAt(1, faultvfs.Broken, true)
	c, d := put("c"), tx("d")
	together(t, p, c, d)
	disk.FailAt(0, faultvfs.Broken, false)
	wantOutcome(t, c, driver.ErrOutcomeUnknown)
	wantOutcome(t, d, driver.ErrOutcomeUnknown)
	if got := stored(t, p); got != "a b" {
		t.Errorf("stored %s", got)
	}
	together(t, p, put("e"), put("f"))
	if got := stored(t, p); got != "a b e f" {
		t.Errorf("stored %s", got)
	}
}

func TestACommitThatMeetsALockIsTriedAgain(t *testing.T) {
	disk := faultvfs.New()
	defer disk.Close()
	p := liteFile(t, sqlite.Config{VFS: disk.Name(), BusyTimeout: 100 * time.Millisecond}, pool.Config{GroupWrites: pool.GroupAuto})
	for n := 1; n <= 4; n++ {
		disk.FailAt(n, faultvfs.Locked, false)
		a, b := put(fmt.Sprintf("a%d", n)), put(fmt.Sprintf("b%d", n))
		together(t, p, a, b)
		wantOutcome(t, a, nil)
		wantOutcome(t, b, nil)
	}
	before := stored(t, p)
	disk.FailAt(1, faultvfs.Locked, true)
	a, b := put("a"), put("b")
	together(t, p, a, b)
	disk.FailAt(0, faultvfs.Locked, false)
	wantOutcome(t, a, driver.ErrBusy)
	wantOutcome(t, b, driver.ErrBusy)
	if got := stored(t, p); got != before {
		t.Errorf("stored %s, want %s", got, before)
	}
}

// Whatever fails on the disk, at whichever moment: what was acknowledged is there, and
// what failed is not.
func TestNoFaultOfTheDiskLosesAWriteOfABatch(t *testing.T) {
	const rounds, each = 3, 6
	config := func(disk *faultvfs.Disk) sqlite.Config {
		return sqlite.Config{VFS: disk.Name(), Pragmas: []sqlite.Pragma{{Name: "wal_autocheckpoint", Value: "4"}}}
	}
	disk := faultvfs.New()
	p := liteFile(t, config(disk), pool.Config{GroupWrites: pool.GroupAuto})
	disk.FailAt(0, faultvfs.Broken, false)
	if acked, _ := writeBatches(t, p, rounds, each); len(acked) != rounds*each {
		t.Fatalf("on a sound disk %d writes are acknowledged", len(acked))
	}
	points := disk.Changes()
	closeNow(t, p)
	disk.Close()
	felt := 0
	for _, fault := range []faultvfs.Fault{faultvfs.Broken, faultvfs.Full} {
		for n := 1; n <= points; n++ {
			always := n%2 == 0
			disk := faultvfs.New()
			p := liteFile(t, config(disk), pool.Config{GroupWrites: pool.GroupAuto})
			disk.FailAt(n, fault, always)
			acked, unknown := writeBatches(t, p, rounds, each)
			felt += rounds*each - len(acked)
			what := fmt.Sprintf("disk %v at change %d (always %v)", fault, n, always)
			lost := t.TempDir()
			if err := disk.PowerLoss(lost, nil); err != nil {
				t.Fatal(err)
			}
			disk.FailAt(0, fault, false)
			compareStored(t, what+", healed", p, acked, unknown)
			after := liteFile(t, sqlite.Config{Path: filepath.Join(lost, "test.db")}, pool.Config{GroupWrites: pool.GroupAuto})
			compareStored(t, what+", power lost", after, acked, unknown)
			closeNow(t, p)
			closeNow(t, after)
			disk.Close()
		}
	}
	t.Logf("%d changes of the disk, %d writes failed", points, felt)
	if felt == 0 {
		t.Error("no fault was felt")
	}
}

func closeNow(t *testing.T, p *pool.Pool) {
	t.Helper()
	if err := p.Close(context.Background()); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// writeBatches writes batches and says what became of each row.
func writeBatches(t *testing.T, p *pool.Pool, rounds, each int) (acked, unknown map[string]bool) {
	acked, unknown = map[string]bool{}, map[string]bool{}
	for round := range rounds {
		hold := &pool.Op{Role: driver.Writer, Take: pool.NewLease("test")}
		hold.Statements = []driver.Statement{{SQL: "PRAGMA user_version", Class: driver.Raw}}
		held := p.Do(context.Background(), hold) == nil
		ended := make(resolved, each)
		ops := map[string]*pool.Op{}
		for i := range each {
			v := fmt.Sprintf("%d/%d %s", round, i, strings.Repeat("x", 700)) // several pages
			ops[v] = put(v)
			p.Submit(context.Background(), ops[v], ended)
		}
		if held {
			hold.Take.Release()
		}
		for range each {
			<-ended
		}
		for v, op := range ops {
			switch err := op.Outcome(); {
			case err == nil:
				acked[v] = true
			case errors.Is(err, driver.ErrOutcomeUnknown):
				unknown[v] = true
			}
		}
	}
	return acked, unknown
}

func compareStored(t *testing.T, what string, p *pool.Pool, acked, unknown map[string]bool) {
	t.Helper()
	found := map[string]bool{}
	op := &pool.Op{Role: driver.Writer}
	op.Statements = []driver.Statement{{SQL: "SELECT v FROM t", Class: driver.Raw, Sink: eachRow(func(r driver.Row) error {
		v, err := r.Text(0)
		found[v] = true
		return err
	})}}
	if err := p.Do(context.Background(), op); err != nil || op.Outcome() != nil {
		t.Fatalf("%s: %v", what, op.Outcome())
	}
	for v := range acked {
		if !found[v] {
			t.Fatalf("%s: %.5s was acknowledged and is lost", what, v)
		}
	}
	for v := range found {
		if !acked[v] && !unknown[v] {
			t.Fatalf("%s: %.5s is there, but had failed", what, v)
		}
	}
}

// lock makes a pool, as if of another process, hold the lock of a file.
func lock(t *testing.T, p *pool.Pool) *pool.Lease {
	t.Helper()
	op := &pool.Op{Role: driver.Writer, Take: pool.NewLease("the other process")}
	op.Statements = []driver.Statement{{SQL: "BEGIN IMMEDIATE", Class: driver.Begin}}
	if err := p.Do(context.Background(), op); err != nil || op.Outcome() != nil {
		t.Fatal(op.Outcome())
	}
	return op.Take
}

func TestABatchWaitsForAnotherProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "test.db")
	p := liteFile(t, sqlite.Config{Path: file, BusyTimeout: 30 * time.Second}, pool.Config{GroupWrites: pool.GroupAuto})
	other := liteFile(t, sqlite.Config{Path: file}, pool.Config{GroupWrites: pool.GroupAuto})
	l := lock(t, other)
	ours := take(t, context.Background(), p, "test")
	ended := make(resolved, 3)
	ops := []*pool.Op{put("a"), put("b"), put("c")}
	for _, op := range ops {
		p.Submit(context.Background(), op, ended)
	}
	ours.Release()
	select {
	case op := <-ended:
		t.Fatalf("a write ended while another process holds the lock: %v", op.Outcome())
	case <-time.After(50 * time.Millisecond):
	}
	l.Release()
	for range ops {
		wantOutcome(t, <-ended, nil)
	}
	wantShared(t, p, 1, 3)
}

func TestABatchThatGetsNoLockFailsAsBusy(t *testing.T) {
	file := filepath.Join(t.TempDir(), "test.db")
	p := liteFile(t, sqlite.Config{Path: file, BusyTimeout: 10 * time.Millisecond}, pool.Config{GroupWrites: pool.GroupAuto})
	other := liteFile(t, sqlite.Config{Path: file}, pool.Config{GroupWrites: pool.GroupAuto})
	l := lock(t, other)
	a, b := put("a"), put("b")
	together(t, p, a, b)
	wantOutcome(t, a, driver.ErrBusy)
	wantOutcome(t, b, driver.ErrBusy)
	l.Release()
	if got := stored(t, p); got != "" {
		t.Errorf("stored %s", got)
	}
}

// oneWriter makes a pool with a single writer whose statements take as long as their text says.
func oneWriter(t testing.TB, change func(k *fake.Connector)) *pool.Pool {
	k := slow(time.Millisecond)
	k.Traits = driver.Features{SingleWriter: true}
	if change != nil {
		change(k)
	}
	return open(t, k, pool.Config{GroupWrites: pool.GroupAuto})
}

func TestCancelingAUnitOfABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		commits := 0
		p := oneWriter(t, func(k *fake.Connector) { k.OnCommit = func(*fake.Conn) error { commits++; return nil } })
		p.BatchFor(time.Hour)
		l := take(t, context.Background(), p, "test")
		ended := make(resolved, 4)
		first, queued, running, last := write(time.Millisecond), write(time.Millisecond), write(time.Second), write(time.Millisecond)
		ctx, cancel := context.WithCancel(context.Background())
		for _, op := range []*pool.Op{first, queued, running} {
			p.Submit(context.Background(), op, ended)
		}
		p.Submit(ctx, last, ended)
		if !queued.Cancel(errTest) {
			t.Error("the unit was not canceled in the queue")
		}
		l.Release()
		time.Sleep(100 * time.Millisecond) // virtual: the long one runs
		if running.Cancel(errTest) {
			t.Error("a running unit was canceled as if it had not started")
		}
		cancel() // that of the last, which waits behind it in the batch
		for range 4 {
			<-ended
		}
		wantOutcome(t, first, nil)
		wantOutcome(t, queued, errTest)
		wantOutcome(t, queued, pool.ErrNotStarted)
		wantOutcome(t, running, nil) // it was committed, and says so
		wantOutcome(t, last, context.Canceled)
		wantOutcome(t, last, pool.ErrNotStarted)
		if commits != 1 {
			t.Errorf("%d commits, want 1", commits)
		}
		wantShared(t, p, 1, 2)
	})
}

func TestAUnitAloneInItsBatchIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := oneWriter(t, nil)
		l := take(t, context.Background(), p, "test")
		ended := make(resolved, 3)
		first, second, third := write(time.Hour), write(time.Millisecond), write(time.Millisecond)
		begin := time.Now()
		for _, op := range []*pool.Op{first, second, third} {
			p.Submit(context.Background(), op, ended)
		}
		l.Release()
		time.Sleep(time.Millisecond)
		first.Cancel(errTest)
		for range 3 {
			<-ended
		}
		wantOutcome(t, first, errTest)
		wantOutcome(t, second, nil)
		wantOutcome(t, third, nil)
		if took := time.Since(begin); took > time.Minute {
			t.Errorf("the interrupted write held the others up for %v", took)
		}
	})
}

func TestAConnectionLostInABatchLosesOneUnit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := oneWriter(t, func(k *fake.Connector) {
			fly := k.OnFly
			k.OnFly = func(ctx context.Context, c *fake.Conn, f *driver.Flight) (bool, error) {
				if f.Statements[0].SQL == "lose" {
					return true, fake.Lost()
				}
				return fly(ctx, c, f)
			}
		})
		a, lost, b := write(time.Millisecond), write(time.Millisecond), write(time.Millisecond)
		lost.Statements[0].SQL = "lose"
		together(t, p, a, lost, b)
		wantOutcome(t, a, nil)
		wantOutcome(t, lost, driver.ErrConnectionLost)
		wantOutcome(t, b, nil)
	})
}

func TestALongBatchIsCommittedEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := oneWriter(t, nil)
		l := take(t, context.Background(), p, "test")
		ended := make(resolved, 4)
		begin := time.Now()
		for range 4 {
			p.Submit(context.Background(), write(3*time.Millisecond), ended)
		}
		l.Release()
		var at []time.Duration
		for range 4 {
			wantOutcome(t, <-ended, nil)
			at = append(at, time.Since(begin))
		}
		// It takes units for 5 ms, so the third and the fourth are in the next one.
		if want := []time.Duration{6e6, 6e6, 12e6, 12e6}; !slices.Equal(at, want) {
			t.Errorf("answered after %v, want %v", at, want)
		}
	})
}

func TestClosingAPoolEndsItsBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := oneWriter(t, nil)
		l := take(t, context.Background(), p, "test")
		ended := make(resolved, 3)
		for range 3 {
			p.Submit(context.Background(), write(time.Second), ended)
		}
		l.Release()
		time.Sleep(100 * time.Millisecond)
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		if err := p.Close(ctx); err == nil {
			t.Error("nothing was abandoned")
		}
		for range 3 {
			if op := <-ended; op.Outcome() == nil {
				continue // committed before the end, and said so
			}
		}
	})
}

var errTest = errors.New("the test says so")
