package pool_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/pool"
)

// The rules of the lanes on a real server, with flights whose members are known: what is
// submitted while the only connection is held goes out together.

// lookAt is an operation of the read lane, setAt one of the write lane.
func lookAt(shape *pool.Shape, sql string, keys ...int64) (*pool.Op, *pair) {
	sink := &pair{}
	op := &pool.Op{Role: driver.Reader, Share: pool.Share{Shape: shape}}
	st := driver.Statement{SQL: sql, Class: driver.Read, Sink: sink}
	for _, k := range keys {
		op.Share.Key = driver.Int64(k)
		st.Args = append(st.Args, driver.Int64(k))
	}
	op.Statements = []driver.Statement{st}
	return op, sink
}

func setAt(shape *pool.Shape, sql string, key int64, more ...int64) *pool.Op {
	op := &pool.Op{Role: driver.Writer, Share: pool.Share{Shape: shape, Key: driver.Int64(key)}}
	st := driver.Statement{SQL: sql, Args: []driver.Value{driver.Int64(key)}, Class: driver.Write}
	for _, v := range more {
		st.Args = append(st.Args, driver.Int64(v))
	}
	op.Statements = []driver.Statement{st}
	return op
}

func quick(lane pool.Lane) *pool.Shape {
	s := &pool.Shape{Lane: lane, Changes: []pool.Change{{Table: `"items"`, Verb: pool.Update}}}
	s.Learn(time.Microsecond)
	return s
}

// aboard has the operations wait for the pool's connections, and returns when all have
// ended.
func aboard(t testing.TB, p *pool.Pool, ops ...*pool.Op) {
	t.Helper()
	free := busy(t, p)
	ends := make(resolved, len(ops))
	for _, op := range ops {
		p.Submit(context.Background(), op, ends)
	}
	free()
	for range ops {
		<-ends
	}
}

// wantShared checks that flights of so many members were made in a lane, each once.
func (s *store) wantShared(lane pool.Lane, members int) {
	s.t.Helper()
	s.number("SELECT 1") // a flight is counted when its last answer is delivered: wait for the connection
	st := s.p.Stats()
	got := st.SharedReads
	if lane == pool.LaneWrite {
		got = st.SharedWrites
	}
	if int(got.Sum) != members {
		s.t.Errorf("%d operations shared flights of the %s lane, want %d", int(got.Sum), lane, members)
	}
}

// transactions is the number of transactions that wrote the rows of a condition.
func (s *store) transactions(where string) int64 {
	s.t.Helper()
	return s.number("SELECT count(DISTINCT xmin::text) FROM items WHERE " + where)
}

// tell carries statements out in a lease.
func tell(t testing.TB, l *pool.Lease, class driver.Class, sql string, sink driver.Sink) error {
	t.Helper()
	op := &pool.Op{Role: driver.Writer}
	op.Statements = []driver.Statement{{SQL: sql, Class: class, Sink: sink}}
	_ = l.Do(context.Background(), op)
	return op.Outcome()
}

func TestPostgresASettingOfOneOperationIsNoNeighbours(t *testing.T) {
	s := openStore(t, testdb.Postgres(t), pool.Config{Size: 3},
		"CREATE TABLE papers (id bigint PRIMARY KEY, tenant bigint NOT NULL)",
		"INSERT INTO papers SELECT i, i % 2 + 1 FROM generate_series(1, 20) i",
		"ALTER TABLE papers ENABLE ROW LEVEL SECURITY",
		"ALTER TABLE papers FORCE ROW LEVEL SECURITY",
		"CREATE POLICY own ON papers USING (tenant = nullif(current_setting('app.tenant', true), '')::bigint)")
	const mine, set = "SELECT count(*), coalesce(sum(tenant), 0)::int8 FROM papers", "SELECT set_config('app.tenant', '%d', true)"
	anybody := quick(pool.LaneRead)
	var leased, raw, others atomic.Int64
	crowd(48, 20, func(g, i int) {
		tenant := int64(g%2 + 1)
		switch g % 6 {
		case 0, 1: // a transaction in one flight
			got := &pair{}
			op := &pool.Op{Role: driver.Writer}
			op.Statements = []driver.Statement{
				{SQL: "BEGIN", Class: driver.Begin},
				{SQL: fmt.Sprintf(set, tenant), Class: driver.Raw, Sink: &pair{}},
				{SQL: mine, Class: driver.Raw, Sink: got},
				{SQL: "COMMIT", Class: driver.Commit},
			}
			_ = s.p.Do(context.Background(), op)
			if err := op.Outcome(); err != nil || got.got[0][0] != 10 || got.got[0][1] != 10*tenant {
				t.Errorf("tenant %d in a transaction: %v %v", tenant, got.got, err)
			}
			raw.Add(1)
		case 2, 3: // a lease
			if i%5 > 0 {
				return
			}
			l := take(t, context.Background(), s.p, "tenant")
			defer l.Release()
			got := &pair{}
			if err := errors.Join(tell(t, l, driver.Raw, fmt.Sprintf(set, tenant), nil), tell(t, l, driver.Read, mine, got)); err != nil || got.got[0][0] != 10 || got.got[0][1] != 10*tenant {
				t.Errorf("tenant %d in a lease: %v %v", tenant, got.got, err)
			}
			leased.Add(1)
		default: // nobody in particular, in shared flights
			op, got := lookAt(anybody, mine)
			_ = s.p.Do(context.Background(), op)
			if err := op.Outcome(); err != nil || got.got[0][0] != 0 {
				t.Errorf("without a tenant: %v %v", got.got, err)
			}
			others.Add(1)
		}
	})
	if st := s.p.Stats(); st.SharedReads.Sum == 0 {
		t.Errorf("nothing shared: %d transactions, %d leases, %d others", raw.Load(), leased.Load(), others.Load())
	}
}

func TestPostgresATableWithPoliciesTakesNoWriteLane(t *testing.T) {
	s := openStore(t, testdb.Postgres(t), pool.Config{Size: 1},
		"ALTER TABLE items ENABLE ROW LEVEL SECURITY", "ALTER TABLE items FORCE ROW LEVEL SECURITY", "CREATE POLICY everybody ON items USING (true)")
	var ops []*pool.Op
	for k := range int64(6) {
		ops = append(ops, setAt(s.set, bump, k+1))
	}
	aboard(t, s.p, ops...)
	if n := s.transactions("n = 1"); n != 6 {
		t.Errorf("%d transactions for six writes", n)
	}
}

func TestPostgresWritesThatAreRefusedAloneDoNotHealEachOther(t *testing.T) {
	for name, more := range map[string][]string{
		"constraint trigger": {
			"CREATE FUNCTION balance() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT sum(n) FROM items) <> 0 THEN RAISE EXCEPTION 'out of balance' USING ERRCODE = 'check_violation'; END IF; RETURN NULL; END $$",
			"CREATE CONSTRAINT TRIGGER balanced AFTER UPDATE ON items DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION balance()",
		},
		"unique": {
			"ALTER TABLE items ADD COLUMN place bigint UNIQUE DEFERRABLE INITIALLY DEFERRED",
			"UPDATE items SET place = id",
		},
	} {
		for policy, transactions := range map[pool.GroupPolicy]int64{pool.GroupAuto: 3, pool.GroupAlways: 1} {
			t.Run(fmt.Sprint(name, policy), func(t *testing.T) {
				s := openStore(t, testdb.Postgres(t), pool.Config{Size: 1, GroupWrites: policy}, more...)
				sql := "UPDATE items SET n = n + $2 WHERE id = $1"
				bad := []*pool.Op{setAt(s.set, sql, 1, 10), setAt(s.set, sql, 2, -10)}
				if name == "unique" {
					sql = "UPDATE items SET place = $2 WHERE id = $1" // each wants the place of the other
					bad = []*pool.Op{setAt(s.set, sql, 1, 2), setAt(s.set, sql, 2, 1)}
				}
				good := []*pool.Op{setAt(s.set, bump+" AND false", 3)}
				for k := range int64(3) {
					good = append(good, setAt(s.set, "UPDATE items SET code = 'good' || id WHERE id = $1", 10+k))
				}
				aboard(t, s.p, append(good, bad...)...)
				for _, op := range bad {
					if op.Outcome() == nil {
						t.Error("a write that is refused alone was committed")
					}
				}
				for _, op := range good {
					if err := op.Outcome(); err != nil {
						t.Error(err)
					}
				}
				if n := s.number("SELECT count(*) FROM items WHERE n <> 0"); n != 0 {
					t.Errorf("%d rows have changed", n)
				}
				if n := s.transactions("code LIKE 'good%'"); n != transactions {
					t.Errorf("%d transactions for three writes, want %d", n, transactions)
				}
			})
		}
	}
}

func TestPostgresGroupsOfTwoProcessesNeverDeadlock(t *testing.T) {
	url := testdb.Postgres(t)
	stores := []*store{openStore(t, url, pool.Config{Size: 1}), openStore(t, url, pool.Config{Size: 1})}
	user := openStore(t, url, pool.Config{Size: 1})
	var acked atomic.Int64
	writing, users := make(chan struct{}), make(chan int64)
	go func() { // against the order in which groups lock
		var n int64
		for done := false; !done; n++ {
			select {
			case <-writing:
				done = true
			default:
			}
			l := take(t, context.Background(), user.p, "user")
			err := errors.Join(
				tell(t, l, driver.Raw, "UPDATE items SET n = n + 1 WHERE id = 15", nil),
				tell(t, l, driver.Raw, "UPDATE items SET n = n + 1 WHERE id = 3", nil),
				tell(t, l, driver.Commit, "COMMIT", nil))
			l.Release()
			if err != nil {
				t.Errorf("the user's own transaction: %v", err)
			}
		}
		users <- n
	}()
	crowd(40, 25, func(g, i int) {
		s, key := stores[g%2], int64((g/2+i)%20+1)
		if g%2 == 1 {
			key = 21 - key
		}
		if n, err := s.write(context.Background(), s.set, bump, key); err != nil || n != 1 {
			t.Errorf("key %d: %d %v", key, n, err)
			return
		}
		acked.Add(1)
	})
	close(writing)
	n := <-users
	if sum := user.number("SELECT sum(n)::int8 FROM items"); acked.Load() != 1000 || sum != 1000+2*n {
		t.Errorf("%d acknowledged, %d of a user's transactions, %d there", acked.Load(), n, sum)
	}
	for _, s := range stores {
		s.number("SELECT 1") // the last group has been counted then
		if st := s.p.Stats(); st.SharedWrites.Sum == 0 {
			t.Error("nothing shared")
		}
	}
}

func TestPostgresReadsOfALockedTableHoldUpNobodyElse(t *testing.T) {
	url := testdb.Postgres(t)
	const readers, size = 6, 10
	s := openStore(t, url, pool.Config{Size: size}, "CREATE TABLE moving AS SELECT * FROM items", "ALTER TABLE moving ADD PRIMARY KEY (id)")
	merged, plain := quick(pool.LaneRead), quick(pool.LaneRead)
	merged.Lookup = &pool.Lookup{SQL: "SELECT id, nonce FROM moving WHERE id = ANY($1)"}
	for name, shape := range map[string]*pool.Shape{"by key": merged, "plain": plain} {
		t.Run(name, func(t *testing.T) {
			other := openStore(t, url, pool.Config{Size: 1})
			var held []*pool.Lease
			for range size {
				held = append(held, take(t, context.Background(), s.p, "held"))
			}
			migration := take(t, context.Background(), other.p, "migration")
			if err := tell(t, migration, driver.Schema, "LOCK TABLE moving IN ACCESS EXCLUSIVE MODE", nil); err != nil {
				t.Fatal(err)
			}
			sinks := map[*pool.Op]*pair{}
			blocked, free := make(resolved, readers), make(resolved, 2*readers)
			for k := range int64(readers) {
				op, sink := lookAt(shape, "SELECT id, nonce FROM moving WHERE id = $1", k+1)
				sinks[op] = sink
				s.p.Submit(context.Background(), op, blocked)
				for range 2 {
					op, sink := lookAt(s.point, byKey, k+1)
					sinks[op] = sink
					s.p.Submit(context.Background(), op, free)
				}
			}
			before := s.p.Stats()
			for _, l := range held {
				l.Release()
			}
			check := func(op *pool.Op) {
				k := op.Statements[0].Args[0].Int64()
				if got := sinks[op].got; op.Outcome() != nil || len(got) != 1 || got[0][0] != k || got[0][1] != k*7+1 {
					t.Errorf("key %d: %v %v", k, got, op.Outcome())
				}
			}
			for range 2 * readers {
				check(<-free) // while the table is locked
			}
			if st := s.p.Stats(); st.Resends-before.Resends != 1 {
				t.Errorf("the flight was sent again %d times: its other members waited for as many locks", st.Resends-before.Resends)
			}
			if len(blocked) > 0 {
				t.Error("a read of the locked table has ended")
			}
			migration.Release()
			for range readers {
				check(<-blocked)
			}
		})
	}
}

func TestPostgresASinkThatFailsEndsItsOwnOperation(t *testing.T) {
	own := errors.New("the sink's own")
	for name, spoil := range map[string]func(*pair){"fails": func(p *pair) { p.fail = own }, "panics": func(p *pair) { p.panic = true }} {
		for _, way := range []string{"plain", "by key", "write"} {
			t.Run(name+" "+way, func(t *testing.T) {
				s := openStore(t, testdb.Postgres(t), pool.Config{Size: 1})
				var ops []*pool.Op
				for k := range int64(6) {
					op, sink := lookAt(s.point, byKey, k+1)
					switch way {
					case "by key":
						op, sink = lookAt(s.get, byKey, k+1)
					case "write":
						op = setAt(s.set, bump+" RETURNING id, nonce", k+1)
						op.Statements[0].Sink = sink
					}
					if k == 2 {
						spoil(sink)
					}
					ops = append(ops, op)
				}
				aboard(t, s.p, ops...)
				if way == "write" {
					s.wantShared(pool.LaneWrite, 6)
				} else {
					s.wantShared(pool.LaneRead, 6)
				}
				for i, op := range ops {
					err, got := op.Outcome(), op.Statements[0].Sink.(*pair).got
					switch {
					case i == 2:
						if err == nil || name == "fails" && !errors.Is(err, own) {
							t.Errorf("its own operation ended with %v", err)
						}
					case err != nil, len(got) != 1, got[0][0] != int64(i+1), got[0][1] != int64(i+1)*7+1:
						t.Errorf("neighbour %d: %v %v", i, got, err)
					}
				}
				if n := s.number("SELECT count(*) FROM items WHERE n = 1"); way == "write" && n != 6 {
					t.Errorf("%d writes, want 6, each once", n)
				}
			})
		}
	}
}

func TestPostgresEachNotifyOfATriggerArrives(t *testing.T) {
	url := testdb.Postgres(t)
	s := openStore(t, url, pool.Config{Size: 1},
		"CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NOTIFY told; RETURN NEW; END'",
		"CREATE TRIGGER told AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION tell()")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }()
	if _, err := c.Exec(ctx, "LISTEN told; LISTEN last"); err != nil {
		t.Fatal(err)
	}
	var ops []*pool.Op
	for k := range int64(5) {
		ops = append(ops, setAt(s.set, bump, k+1))
	}
	aboard(t, s.p, ops...)
	s.exec("NOTIFY last")
	told := 0
	for {
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if n.Channel == "last" {
			break
		}
		told++
	}
	if told != 5 {
		t.Errorf("%d notifications of five writes", told)
	}
}

func TestPostgresNothingSharesForARoleThatIsSerializable(t *testing.T) {
	url := testdb.Postgres(t)
	first := openStore(t, url, pool.Config{Size: 1})
	first.exec("DO $$ BEGIN EXECUTE format('ALTER ROLE %I IN DATABASE %I SET default_transaction_isolation = serializable', current_user, current_database()); END $$")
	s := openStore(t, url, pool.Config{Size: 1})
	var ops []*pool.Op
	for k := range int64(6) {
		get, _ := lookAt(s.get, byKey, k+1)
		point, _ := lookAt(s.point, byKey, k+1)
		ops = append(ops, get, point, setAt(s.set, bump, k+1))
	}
	aboard(t, s.p, ops...)
	for _, op := range ops {
		if op.Outcome() != nil {
			t.Error(op.Outcome())
		}
	}
	if n := s.transactions("n = 1"); n != 6 {
		t.Errorf("%d transactions for six writes", n)
	}
	if st := s.p.Stats(); st.SharedReads.Count+st.SharedWrites.Count+st.Merged != 0 {
		t.Errorf("shared %+v, %+v", st.SharedReads, st.SharedWrites)
	}
}

func TestPostgresWritesOfOneKeyKeepTheirOrderInAGroup(t *testing.T) {
	s := openStore(t, testdb.Postgres(t), pool.Config{Size: 1})
	remove := &pool.Shape{Lane: pool.LaneWrite, Changes: []pool.Change{{Table: `"items"`, Verb: pool.Delete}}}
	remove.Learn(time.Microsecond)
	const digit = "UPDATE items SET n = n * 10 + $2 WHERE id = $1"
	var ops []*pool.Op
	for d := range int64(4) {
		for k := int64(20); k > 0; k-- {
			ops = append(ops, setAt(s.set, digit, k, d+1))
		}
	}
	add := func(key int64) *pool.Op {
		op := setAt(s.add, insert, key)
		op.Statements[0].Args = append(op.Statements[0].Args, driver.Text(fmt.Sprint("x", key)))
		return op
	}
	gone := setAt(remove, "DELETE FROM items WHERE id = $1", 901)
	ops = append(ops, add(901), setAt(s.set, digit, 901, 1), gone, add(901), add(900), setAt(s.set, digit, 900, 7))
	aboard(t, s.p, ops...)
	for _, op := range ops {
		if op.Outcome() != nil || op.Statements[0].Affected != 1 {
			t.Errorf("%s: %d %v", op.Statements[0].SQL, op.Statements[0].Affected, op.Outcome())
		}
	}
	if n := s.number("SELECT count(*) FROM items WHERE id <= 20 AND n = 1234 OR id = 901 AND n = 0 OR id = 900 AND n = 7"); n != 22 {
		t.Errorf("%d rows of 22 are as their writes left them", n)
	}
	if n := s.transactions("id <= 20 OR id >= 900"); n != 1 {
		t.Errorf("%d transactions, want one group", n)
	}
}

// What went wrong in drivers that send many statements in one round trip.

func TestPostgresNewAndPreparedStatementsInOneFlight(t *testing.T) {
	s := openStore(t, testdb.Postgres(t), pool.Config{Size: 1})
	var ops []*pool.Op
	var want []row
	ask := func(w row, sql string, keys ...int64) {
		op, _ := lookAt(quick(pool.LaneRead), sql, keys...)
		ops, want = append(ops, op), append(want, w)
	}
	for range 2 { // the second time all but the new ones are prepared
		ops, want = nil, nil
		round := s.number("SELECT count(*) FROM pg_prepared_statements")
		fresh := func(n int) string {
			return fmt.Sprintf("SELECT id, nonce + %d FROM items WHERE id = $1 AND %d > 0", n, round+1)
		}
		ask(row{1, 8 + 1}, fresh(1), 1)
		ask(row{2, 15}, byKey, 2)
		ask(row{3, 22 + 2}, fresh(2), 3)
		ask(row{200, 20100}, "SELECT count(*), sum(id)::int8 FROM items")
		ask(row{4, 5}, "SELECT $1::int8, $2::int8", 4, 5)
		ask(row{6, 7}, "SELECT 6::int8, 7::int8")
		ask(row{5, 36}, byKey, 5)
		aboard(t, s.p, ops...)
		for i, op := range ops {
			if got := op.Statements[0].Sink.(*pair).got; op.Outcome() != nil || len(got) != 1 || !slices.Equal(got[0], want[i]) {
				t.Errorf("%s: %v, want %v; %v", op.Statements[0].SQL, got, want[i], op.Outcome())
			}
		}
	}
	s.wantShared(pool.LaneRead, 14)
	if st := s.p.Stats(); st.Resends != 0 {
		t.Errorf("%d resends", st.Resends)
	}
}

func TestPostgresRowsBeforeAnErrorAreNobodyElses(t *testing.T) {
	s := openStore(t, testdb.Postgres(t), pool.Config{Size: 1})
	var ops []*pool.Op
	for k := range int64(6) {
		op, _ := lookAt(s.point, byKey, k+1)
		if k == 2 || k == 4 {
			op, _ = lookAt(quick(pool.LaneRead), "SELECT x::int8, (1 / (x - 5))::int8 FROM generate_series(1, 10) x")
		}
		ops = append(ops, op)
	}
	aboard(t, s.p, ops...)
	for i, op := range ops {
		got := op.Statements[0].Sink.(*pair).got
		switch {
		case i == 2 || i == 4:
			if op.Outcome() == nil || len(got) > 4 {
				t.Errorf("the one that divides by zero: %v %v", got, op.Outcome())
			}
		case op.Outcome() != nil, op.Statements[0].Affected != 1, len(got) != 1, got[0][0] != int64(i+1):
			t.Errorf("neighbour %d: %v, %d rows, %v", i, got, op.Statements[0].Affected, op.Outcome())
		}
	}
	s.wantShared(pool.LaneRead, 6)
}

func TestPostgresAResultThatChangesItsTypeUnderAPlan(t *testing.T) {
	url := testdb.Postgres(t)
	s := openStore(t, url, pool.Config{Size: 1})
	migration := openStore(t, url, pool.Config{Size: 1})
	// The first rounds have the statements prepared: they are new, then known, then kept.
	for _, sql := range []string{"", "", "", "ALTER TABLE items ALTER nonce TYPE int", "ALTER TABLE items ALTER nonce TYPE bigint"} {
		if sql != "" {
			migration.exec(sql)
		}
		var ops []*pool.Op
		for k := range int64(4) {
			get, _ := lookAt(s.get, byKey, k+1)
			point, _ := lookAt(s.point, byKey, k+1)
			back := setAt(s.set, bump+" RETURNING id, nonce", k+1)
			back.Statements[0].Sink = &pair{}
			ops = append(ops, get, point, back)
		}
		aboard(t, s.p, ops...)
		for i, op := range ops {
			k := int64(i/3 + 1)
			if got := op.Statements[0].Sink.(*pair).got; op.Outcome() != nil || len(got) != 1 || got[0][0] != k || got[0][1] != k*7+1 {
				t.Errorf("after %q, key %d: %v %v", sql, k, got, op.Outcome())
			}
		}
	}
	s.wantShared(pool.LaneRead, 5*8)
	s.wantShared(pool.LaneWrite, 5*4)
	if n := s.number("SELECT count(*) FROM items WHERE n = 5"); n != 4 {
		t.Errorf("%d rows were written five times, want 4", n)
	}
}
