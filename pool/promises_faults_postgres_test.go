package pool_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/pool"
)

// What the package comment promises when something goes wrong, on a real server.

func TestPostgresAnErrorInTheMiddleOfAFlightIsItsOwn(t *testing.T) {
	for _, lane := range []pool.Lane{pool.LaneRead, pool.LaneWrite} {
		s := openStore(t, testdb.Postgres(t), pool.Config{Size: 1})
		good, bad := s.points(9), byKey+" AND 1 / (id - 5) > 0"
		wrong := func(k int64) *pool.Op { op, _ := lookAt(s.point, bad, k); return op }
		if lane == pool.LaneWrite {
			good, bad = s.sets(9), "UPDATE items SET n = n + 1 / (id - 5) WHERE id = $1"
			wrong = func(k int64) *pool.Op { return setAt(s.set, bad, k) }
		}
		ops := append([]*pool.Op{}, good...)
		ops[4] = wrong(5)
		aboard(t, s.p, ops...)
		for i, op := range ops {
			switch {
			case i == 4 && !errors.Is(op.Outcome(), driver.ErrValue), i != 4 && op.Outcome() != nil:
				t.Errorf("%v lane, operation %d: %v", lane, i, op.Outcome())
			case i != 4 && lane == pool.LaneRead:
				isRow(t, op, int64(i+1))
			}
		}
		s.wantShared(lane, 9)
		if n := s.number("SELECT sum(n)::int8 FROM items"); lane == pool.LaneWrite && n != 8 {
			t.Errorf("%d writes of 8 are there", n)
		}
		if st := s.p.Stats(); st.Resends != 1 {
			t.Errorf("%v lane: sent again %d times", lane, st.Resends)
		}
	}
}

func TestPostgresAStatementTimeoutIsItsOwn(t *testing.T) {
	for _, lane := range []pool.Lane{pool.LaneRead, pool.LaneWrite} {
		s := openStore(t, testdb.Postgres(t), pool.Config{Size: 1}, "SET statement_timeout = '200ms'")
		ops := s.points(6)
		ops[3], _ = lookAt(s.point, "SELECT id, nonce FROM items, pg_sleep(30) WHERE id = $1", 4)
		if lane == pool.LaneWrite {
			ops = s.sets(6)
			ops[3] = setAt(s.set, "UPDATE items SET n = n + 1 FROM pg_sleep(30) WHERE id = $1", 4)
		}
		aboard(t, s.p, ops...)
		for i, op := range ops {
			err := op.Outcome()
			switch {
			case i == 3 && (!errors.Is(err, driver.ErrCanceled) || errors.Is(err, context.Canceled) || errors.Is(err, driver.ErrOutcomeUnknown)), i != 3 && err != nil:
				t.Errorf("%v lane, operation %d: %v", lane, i, err)
			case i != 3 && lane == pool.LaneRead:
				isRow(t, op, int64(i+1))
			}
		}
		s.wantShared(lane, 6)
		if n := s.number("SELECT sum(n)::int8 FROM items"); lane == pool.LaneWrite && n != 5 {
			t.Errorf("%d writes of 5 are there", n)
		}
	}
}

func TestPostgresCancelOfOneMemberDisturbsNobody(t *testing.T) {
	stop := errors.New("no longer wanted")
	for _, lane := range []pool.Lane{pool.LaneRead, pool.LaneWrite} {
		proxy := testdb.NewProxy(t, testdb.Postgres(t))
		s, r := openRelay(t, proxy.URL(), pool.Config{Size: 1})
		ops := s.points(6)
		is := reading
		if lane == pool.LaneWrite {
			ops, is = s.sets(6), grouped
		}
		r.before = func(_ context.Context, f *driver.Flight) error {
			if is(f) {
				ops[2].Cancel(stop)
				if !ops[2].Ended() {
					t.Error("whoever leaves has to wait")
				}
			}
			return nil
		}
		aboard(t, s.p, ops...)
		for i, op := range ops {
			err := op.Outcome()
			switch {
			case i == 2 && (!errors.Is(err, stop) || errors.Is(err, driver.ErrOutcomeUnknown) != (lane == pool.LaneWrite)):
				t.Errorf("%v lane, the one that left: %v", lane, err)
			case i == 2 && lane == pool.LaneRead && len(op.Statements[0].Sink.(*pair).got) > 0:
				t.Error("the one that left got rows")
			case i != 2 && err != nil:
				t.Errorf("%v lane, neighbour %d: %v", lane, i, err)
			case i != 2 && lane == pool.LaneRead:
				isRow(t, op, int64(i+1))
			}
		}
		if n := s.number("SELECT sum(n)::int8 FROM items"); lane == pool.LaneWrite && n != 6 {
			t.Errorf("%d writes of 6 are there", n)
		}
		if c := proxy.Counts(); c.Cancels != 0 || c.Connections != 1 {
			t.Errorf("%v lane: %+v", lane, c)
		}
	}
}

func TestPostgresAFlightThatEverybodyLeftIsStopped(t *testing.T) {
	s, r := openRelay(t, testdb.Postgres(t), pool.Config{Size: 1})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r.before = func(_ context.Context, f *driver.Flight) error {
		if reading(f) {
			cancel()
		}
		return nil
	}
	free := busy(t, s.p)
	ends := make(resolved, 5)
	for k := range int64(5) {
		op, _ := lookAt(s.point, "SELECT id, nonce FROM items, pg_sleep(60) WHERE id = $1", k+1)
		s.p.Submit(ctx, op, ends)
	}
	begin := time.Now()
	free()
	for range 5 {
		if op := <-ends; !errors.Is(op.Outcome(), context.Canceled) {
			t.Error(op.Outcome())
		}
	}
	r.before = nil
	s.number("SELECT 1") // on the same connection
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("the connection was busy for %v", took)
	}
}

func TestPostgresALostGroupIsThereAsAWholeOrNotAtAll(t *testing.T) {
	for cut, want := range map[testdb.Cut]int64{testdb.CutBefore: 0, testdb.CutAfter: 6} {
		url := testdb.Postgres(t)
		proxy := testdb.NewProxy(t, url)
		other := openStore(t, url, pool.Config{Size: 1})
		s, r := openRelay(t, proxy.URL(), pool.Config{Size: 1})
		groups := 0
		r.before = func(_ context.Context, f *driver.Flight) error {
			if grouped(f) {
				if groups++; groups == 1 {
					proxy.Cut(cut)
				}
			}
			return nil
		}
		ops := s.sets(6)
		aboard(t, s.p, ops...)
		for i, op := range ops {
			if !errors.Is(op.Outcome(), driver.ErrOutcomeUnknown) {
				t.Errorf("cut %d, write %d: %v", cut, i, op.Outcome())
			}
		}
		if n := other.number("SELECT count(*) FROM items WHERE n = 1"); n != want || groups != 1 {
			t.Errorf("cut %d: %d rows are there, want %d; sent %d times", cut, n, want, groups)
		}
		if n := other.number("SELECT sum(n)::int8 FROM items"); n != want {
			t.Errorf("cut %d: %d writes, want %d", cut, n, want)
		}
		if st := s.p.Stats(); st.Unknown != 6 {
			t.Errorf("cut %d: %d counted as unknown", cut, st.Unknown)
		}
	}
}

func TestPostgresLostReadsAreRepeatedOnce(t *testing.T) {
	for _, losses := range []int{1, 2} {
		for _, cut := range []testdb.Cut{testdb.CutBefore, testdb.CutAfter} {
			proxy := testdb.NewProxy(t, testdb.Postgres(t))
			s, r := openRelay(t, proxy.URL(), pool.Config{Size: 1})
			lost := 0
			r.before = func(_ context.Context, f *driver.Flight) error {
				if reading(f) && lost < losses {
					lost++
					proxy.Cut(cut)
				}
				return nil
			}
			ops := s.points(6)
			aboard(t, s.p, ops...)
			for i, op := range ops {
				if losses == 1 {
					isRow(t, op, int64(i+1))
				} else if !errors.Is(op.Outcome(), driver.ErrConnectionLost) || errors.Is(op.Outcome(), driver.ErrOutcomeUnknown) {
					t.Errorf("cut %d, lost twice, read %d: %v", cut, i, op.Outcome())
				}
			}
		}
	}
}

// A view that calls a function which writes looks like a table to whoever reads it.
func TestPostgresARepeatedReadDoesNotWrite(t *testing.T) {
	const spy = "SELECT id, nonce FROM watched WHERE id = $1"
	for name, c := range map[string]struct {
		readers int
		shape   func() *pool.Shape
		sql     string
	}{
		"alone":             {1, func() *pool.Shape { return nil }, spy},
		"first of its kind": {1, func() *pool.Shape { return &pool.Shape{Lane: pool.LaneRead} }, spy},
		"with its like":     {3, func() *pool.Shape { return quick(pool.LaneRead) }, spy},
		"innocent":          {1, func() *pool.Shape { return nil }, byKey},
		"innocent, shared":  {3, func() *pool.Shape { return quick(pool.LaneRead) }, byKey},
	} {
		t.Run(name, func(t *testing.T) {
			for _, cut := range []testdb.Cut{testdb.CutBefore, testdb.CutAfter} {
				url := testdb.Postgres(t)
				proxy := testdb.NewProxy(t, url)
				other := openStore(t, url, pool.Config{Size: 1}, "CREATE TABLE seen (id bigint)",
					`CREATE FUNCTION spied(id bigint) RETURNS boolean LANGUAGE sql AS $$ INSERT INTO seen VALUES (id); SELECT true $$`,
					"CREATE VIEW watched AS SELECT id, nonce FROM items WHERE spied(id)")
				s, r := openRelay(t, proxy.URL(), pool.Config{Size: 1})
				times := 0
				r.before = func(_ context.Context, f *driver.Flight) error {
					for i := range f.Statements {
						if f.Statements[i].SQL == c.sql {
							if times++; times == 1 {
								proxy.Cut(cut)
							}
							break
						}
					}
					return nil
				}
				shape := c.shape()
				var ops []*pool.Op
				for k := range int64(c.readers) {
					op, _ := lookAt(shape, c.sql, k+1)
					ops = append(ops, op)
				}
				aboard(t, s.p, ops...)
				for i, op := range ops {
					if c.sql == byKey {
						isRow(t, op, int64(i+1))
					} else if err := op.Outcome(); !errors.Is(err, driver.ErrOutcomeUnknown) {
						t.Errorf("cut %d, read %d: %v", cut, i, err)
					}
				}
				written := cut == testdb.CutAfter && c.sql == spy
				if n := other.number("SELECT count(*) FROM seen"); (n > 0) != written {
					t.Errorf("cut %d: %d rows were written", cut, n)
				}
				if n := other.number("SELECT count(*) FROM (SELECT FROM seen GROUP BY id HAVING count(*) > 1) AS again"); n != 0 {
					t.Errorf("cut %d: %d were written twice", cut, n)
				}
				if times < 2 {
					t.Errorf("cut %d: sent %d times", cut, times)
				}
			}
		})
	}
}

// A shared flight holds a lock on every table that it has read. When it waits for another
// one it gives way, before the server picks the migration, which began to wait earlier, as
// the victim of a deadlock.
func TestPostgresAMigrationIsNoVictimOfSharedReads(t *testing.T) {
	// A flight that sleeps for much of deadlock_timeout, as no real one does, could begin to
	// wait right before the migration looks for deadlocks.
	url := testdb.NewCluster(t, "deadlock_timeout = 2s").URL()
	s := openStore(t, url, pool.Config{Size: 1}, "CREATE TABLE moving AS SELECT * FROM items")
	other := openStore(t, url, pool.Config{Size: 2})
	migration := take(t, context.Background(), other.p, "migration")
	if err := tell(t, migration, driver.Schema, "LOCK TABLE moving IN ACCESS EXCLUSIVE MODE", nil); err != nil {
		t.Fatal(err)
	}
	pid := s.number("SELECT pg_backend_pid()")
	ops := s.points(4)
	slow, _ := lookAt(quick(pool.LaneRead), "SELECT id, nonce FROM items, pg_sleep(0.2) WHERE id = $1", 5)
	late, _ := lookAt(quick(pool.LaneRead), "SELECT id, nonce FROM moving WHERE id = $1", 6)
	ops = append(ops, slow, late)
	ends := make(resolved, len(ops))
	free := busy(t, s.p)
	for _, op := range ops {
		s.p.Submit(context.Background(), op, ends)
	}
	free()
	// The flight has read items, and sleeps; the migration waits for it now.
	for other.number(fmt.Sprintf("SELECT count(*) FROM pg_locks WHERE pid = %d AND relation = 'items'::regclass", pid)) == 0 {
	}
	if err := tell(t, migration, driver.Schema, "LOCK TABLE items IN ACCESS EXCLUSIVE MODE", nil); err != nil {
		t.Errorf("the migration: %v", err)
	}
	if err := tell(t, migration, driver.Commit, "COMMIT", nil); err != nil {
		t.Error(err)
	}
	migration.Release()
	for range ops {
		<-ends
	}
	for i, op := range ops {
		isRow(t, op, int64(i+1))
	}
}

// The server became another's standby, say. Nothing of the group has happened.
func TestPostgresAGroupThatFindsItsServerReadOnlyGoesElsewhere(t *testing.T) {
	s, r := openRelay(t, testdb.Postgres(t), pool.Config{Size: 1})
	groups := 0
	r.before = func(_ context.Context, f *driver.Flight) error {
		if grouped(f) {
			groups++
		}
		return nil
	}
	s.exec("SET default_transaction_read_only = on") // this connection's server
	ops := s.sets(6)
	aboard(t, s.p, ops...)
	for i, op := range ops {
		if op.Outcome() != nil || op.Statements[0].Affected != 1 {
			t.Errorf("write %d: %v", i, op.Outcome())
		}
	}
	if n := s.number("SELECT sum(n)::int8 FROM items"); n != 6 || groups == 0 {
		t.Errorf("%d writes of 6 are there, after %d groups", n, groups)
	}
	if st := s.p.Stats(); st.Closes[pool.CloseReadOnly] != 1 || st.Generation != 1 {
		t.Errorf("closed %v, generation %d", st.Closes, st.Generation)
	}
}
