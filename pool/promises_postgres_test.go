package pool_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/pool"
)

// What the package comment promises of answers, on a real server.

// isRow checks that a lookup of key has its own row.
func isRow(t testing.TB, op *pool.Op, key int64) {
	t.Helper()
	got := op.Statements[0].Sink.(*pair).got
	if err := op.Outcome(); err != nil || len(got) != 1 || got[0][0] != key || got[0][1] != key*7+1 {
		t.Errorf("key %d: %v %v", key, got, err)
	}
}

// points are lookups by key, and sets writes, of the keys from 1 to n.
func (s *store) points(n int64) (ops []*pool.Op) {
	for k := range n {
		op, _ := lookAt(s.point, byKey, k+1)
		ops = append(ops, op)
	}
	return ops
}

func (s *store) sets(n int64) (ops []*pool.Op) {
	for k := range n {
		ops = append(ops, setAt(s.set, bump, k+1))
	}
	return ops
}

func TestPostgresACommitThatAnswersRollbackAcknowledgesNobody(t *testing.T) {
	s, r := openRelay(t, testdb.Postgres(t), pool.Config{Size: 1})
	turned := 0
	r.before = func(_ context.Context, f *driver.Flight) error {
		if grouped(f) {
			f.Statements[len(f.Statements)-1].SQL = "ABORT" // its tag is ROLLBACK
			turned++
		}
		return nil
	}
	ops := s.sets(6)
	aboard(t, s.p, ops...)
	for i, op := range ops {
		if op.Outcome() != nil || op.Statements[0].Affected != 1 {
			t.Errorf("write %d: %v", i, op.Outcome())
		}
	}
	if n := s.number("SELECT count(*) FROM items WHERE n = 1"); n != 6 || turned != 1 {
		t.Errorf("%d rows of 6 acknowledged ones are there; %d groups were rolled back", n, turned)
	}
}

func TestPostgresADeferredConstraintIsTheAnswer(t *testing.T) {
	for _, policy := range []pool.GroupPolicy{pool.GroupAuto, pool.GroupAlways} {
		s := openStore(t, testdb.Postgres(t), pool.Config{Size: 1, GroupWrites: policy},
			"CREATE TABLE bosses (id bigint PRIMARY KEY)", "INSERT INTO bosses VALUES (0), (1)",
			"ALTER TABLE items ADD COLUMN boss bigint REFERENCES bosses DEFERRABLE INITIALLY DEFERRED")
		var ops []*pool.Op
		for k := range int64(6) {
			// Each answers UPDATE 1; the third and fifth learn at their commit that it is none.
			ops = append(ops, setAt(s.set, "UPDATE items SET boss = $2 WHERE id = $1", k+1, k%2+k/2*2%4*k))
		}
		ops[2].Statements[0].Args[1], ops[4].Statements[0].Args[1] = driver.Int64(99), driver.Int64(98)
		ops[3].Statements[0].Args[1], ops[5].Statements[0].Args[1] = driver.Int64(1), driver.Int64(1)
		aboard(t, s.p, ops...)
		for i, op := range ops {
			if bad := i == 2 || i == 4; bad != errors.Is(op.Outcome(), driver.ErrForeignKey) || !bad && op.Outcome() != nil {
				t.Errorf("write %d: %v", i, op.Outcome())
			}
		}
		if n := s.number("SELECT count(boss) FROM items"); n != 4 {
			t.Errorf("%d rows were changed, want 4", n)
		}
	}
}

func TestPostgresATransactionOpenedBehindOurBackReachesNobody(t *testing.T) {
	url := testdb.Postgres(t)
	s, other := openStore(t, url, pool.Config{Size: 1}), openStore(t, url, pool.Config{Size: 1})
	free := busy(t, s.p)
	opening := &pool.Op{Role: driver.Writer}
	opening.Statements = []driver.Statement{{SQL: "BEGIN ISOLATION LEVEL REPEATABLE READ", Class: driver.Raw}}
	ops := append([]*pool.Op{opening}, append(s.sets(6), s.points(6)...)...)
	ends := make(resolved, len(ops))
	for _, op := range ops {
		s.p.Submit(context.Background(), op, ends)
	}
	free()
	for range ops {
		if op := <-ends; op.Outcome() != nil {
			t.Error(op.Outcome())
		}
	}
	if n := other.number("SELECT count(*) FROM items WHERE n = 1"); n != 6 {
		t.Errorf("%d rows of 6 acknowledged ones can be seen", n)
	}
	if st := s.p.Stats(); st.Resets == 0 {
		t.Error("nothing was rolled back")
	}
}

func TestPostgresWhatAServerSaysBesidesIsNobodysAnswer(t *testing.T) {
	s := openStore(t, testdb.Postgres(t), pool.Config{Size: 1}, "LISTEN gossip",
		`CREATE FUNCTION gossip(id bigint) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN
			RAISE NOTICE 'somebody asked for %', id;
			PERFORM set_config('application_name', 'asked for ' || id, false);
			PERFORM pg_notify('gossip', id::text);
			RETURN id; END $$`)
	var ops []*pool.Op
	for k := range int64(12) {
		op, _ := lookAt(s.point, byKey, k+1)
		switch k % 3 {
		case 1: // a notice and a parameter that changes, in the middle of an answer
			op, _ = lookAt(quick(pool.LaneRead), "SELECT gossip(id), nonce FROM items WHERE id = $1", k+1)
		case 2: // a notification behind the commit
			op = setAt(s.set, "UPDATE items SET n = gossip(id) WHERE id = $1 RETURNING id, nonce", k+1)
			op.Statements[0].Sink = &pair{}
		}
		ops = append(ops, op)
	}
	aboard(t, s.p, ops...)
	for i, op := range ops {
		isRow(t, op, int64(i+1))
	}
	s.wantShared(pool.LaneRead, 8)
	s.wantShared(pool.LaneWrite, 4)
	if st := s.p.Stats(); st.Connects != 1 || st.Resends != 0 {
		t.Errorf("%d connects, %d resends", st.Connects, st.Resends)
	}
}

func TestPostgresTheArgumentsOfWhoeverLeavesAreKept(t *testing.T) {
	s, r := openRelay(t, testdb.Postgres(t), pool.Config{Size: 1}, "ALTER TABLE items ADD COLUMN note bytea")
	var ops []*pool.Op
	for k := range int64(6) {
		op := setAt(s.set, "UPDATE items SET n = $2 WHERE id = $1", k+1, k+1)
		if k%2 == 0 {
			op = setAt(s.set, "UPDATE items SET n = id, note = $2 WHERE id = $1", k+1)
			op.Statements[0].Args = append(op.Statements[0].Args, driver.Bytes(fmt.Appendf(nil, "note %d", k+1)))
		}
		ops = append(ops, op)
	}
	ends := make(resolved, len(ops))
	r.before = func(_ context.Context, f *driver.Flight) error {
		if !grouped(f) {
			return nil
		}
		for _, op := range ops[:3] {
			op.Cancel(errors.New("no longer wanted")) // it has ended then
			args := op.Statements[0].Args             // are their owner's again
			if args[1].Kind() == driver.KindBytes {
				copy(args[1].Bytes(), "spoiled")
			} else {
				args[0], args[1] = driver.Int64(100), driver.Int64(-1)
			}
		}
		return nil
	}
	free := busy(t, s.p)
	for _, op := range ops {
		s.p.Submit(context.Background(), op, ends)
	}
	free()
	for range ops {
		<-ends
	}
	for i, op := range ops {
		if left := i < 3; left != errors.Is(op.Outcome(), driver.ErrOutcomeUnknown) || !left && op.Outcome() != nil {
			t.Errorf("write %d: %v", i, op.Outcome())
		}
	}
	if n := s.number("SELECT count(*) FROM items WHERE n = id AND (id % 2 = 0 OR note = convert_to('note ' || id, 'UTF8'))"); n != 6 {
		t.Errorf("%d of 6 rows have what was written", n)
	}
	if n := s.number("SELECT count(*) FROM items WHERE n <> 0"); n != 6 {
		t.Errorf("%d rows were written, want 6", n)
	}
}

// texts is a sink of one column that is read as text.
type texts struct{ got []string }

func (x *texts) Begin([]driver.Column) error { x.got = nil; return nil }

func (x *texts) Row(r driver.Row) error {
	s, err := r.Text(0)
	if err != nil {
		return err
	}
	x.got = append(x.got, s)
	b, err := r.Bytes(1)
	for i := range b { // what a caller does to its row is nobody else's business
		x.got[0] += string(b[i])
	}
	return err
}

func TestPostgresLookupsByEveryKindOfKeyFindTheirOwn(t *testing.T) {
	uuid := func(i int) [16]byte { return [16]byte{0: 0xc0, 15: byte(i)} }
	for name, kind := range map[string]struct {
		typ, made string // the column, and how it is made of i
		key       func(i int) driver.Value
	}{
		"bigint": {"bigint", "i", func(i int) driver.Value { return driver.Int64(int64(i)) }},
		"int":    {"int", "i", func(i int) driver.Value { return driver.Int64(int64(i)) }},
		"uuid":   {"uuid", "('c0000000-0000-0000-0000-0000000000' || lpad(to_hex(i), 2, '0'))::uuid", func(i int) driver.Value { return driver.UUID(uuid(i)) }},
		"bytea":  {"bytea", `'\x00'::bytea || convert_to('k' || i, 'UTF8')`, func(i int) driver.Value { return driver.Bytes(fmt.Appendf(nil, "\x00k%d", i)) }},
		"text":   {"text", "'k' || i", func(i int) driver.Value { return driver.Text(fmt.Sprint("k", i)) }},
		// Keys that are equal without being so byte by byte are asked for one by one.
		"loose text": {"text COLLATE loose", "'K' || i", func(i int) driver.Value { return driver.Text(fmt.Sprint("k", i)) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, testdb.Postgres(t), pool.Config{Size: 1},
				"CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
				"CREATE TABLE keyed (k "+kind.typ+" PRIMARY KEY, own text)",
				"INSERT INTO keyed SELECT "+kind.made+", 'row ' || i FROM generate_series(1, 20) i")
			shape := quick(pool.LaneRead)
			shape.Lookup = &pool.Lookup{SQL: "SELECT own, own, k FROM keyed WHERE k = ANY($1)", Column: 2, Table: "keyed", Name: "k"}
			keys := []int{1, 2, 3, 3, 3, 99, 20, 7}
			var ops []*pool.Op
			for _, i := range keys {
				op := &pool.Op{Role: driver.Reader, Share: pool.Share{Shape: shape, Key: kind.key(i)}}
				op.Statements = []driver.Statement{{SQL: "SELECT own, own, k FROM keyed WHERE k = $1", Args: []driver.Value{kind.key(i)}, Class: driver.Read, Sink: &texts{}}}
				ops = append(ops, op)
			}
			aboard(t, s.p, ops...)
			for n, op := range ops {
				want := fmt.Sprintf("[row %[1]drow %[1]d]", keys[n])
				if keys[n] == 99 {
					want = "[]"
				}
				if got := op.Statements[0].Sink.(*texts).got; op.Outcome() != nil || fmt.Sprint(got) != want {
					t.Errorf("key %d: %q %v", keys[n], got, op.Outcome())
				}
			}
			s.wantShared(pool.LaneRead, len(keys))
			if merged := s.p.Stats().Merged; (name != "loose text") != (merged == uint64(len(keys))) {
				t.Errorf("%d of %d were merged", merged, len(keys))
			}
		})
	}
}

// And of who shares.

func TestPostgresRawSQLHasItsConnectionToItself(t *testing.T) {
	url := testdb.Postgres(t)
	s, r := openRelay(t, url, pool.Config{Size: 1})
	raw := func(sql string) *pool.Op {
		op := &pool.Op{Role: driver.Writer}
		op.Statements = []driver.Statement{{SQL: sql, Class: driver.Raw}}
		return op
	}
	texts := []string{"SELECT pg_advisory_lock(7)", "CREATE TEMP TABLE mine (n int)", "SET statement_timeout = '61s'", "SELECT set_config('app.tenant', '7', false)"}
	ops := s.points(4)
	for _, sql := range texts {
		ops = append(ops, raw(sql))
		ops = append(ops, s.points(4)...)
		ops = append(ops, s.sets(4)...)
	}
	before := r.count()
	aboard(t, s.p, ops...)
	alone := 0
	for _, flight := range r.since(before) {
		for _, sql := range texts {
			if flight == sql {
				alone++
			} else if strings.Contains(flight, sql) {
				t.Errorf("sent among others: %s", flight)
			}
		}
	}
	if st := s.p.Stats(); alone != len(texts) || st.SharedReads.Sum != 20 || st.SharedWrites.Sum != 16 {
		t.Errorf("%d alone; shared: %d reads, %d writes", alone, st.SharedReads.Sum, st.SharedWrites.Sum)
	}

	// Whoever wants a session of its own has it: nothing shared runs there meanwhile, and
	// nothing of it is left behind.
	s = openStore(t, url, pool.Config{Size: 3, ResetOnReturn: pool.ResetFull})
	pid := quick(pool.LaneRead)
	own := &pair{}
	l := take(t, context.Background(), s.p, "own session")
	if err := tell(t, l, driver.Commit, "COMMIT", nil); err != nil {
		t.Fatal(err)
	}
	for _, sql := range texts {
		if err := tell(t, l, driver.Raw, strings.Replace(sql, "(7)", "(8)", 1), nil); err != nil {
			t.Fatal(err)
		}
	}
	const who = "SELECT pg_backend_pid()::int8, length(current_setting('app.tenant', true))::int8"
	if err := tell(t, l, driver.Raw, who, own); err != nil || own.got[0][1] != 1 {
		t.Fatal(own.got, err)
	}
	crowd(24, 10, func(int, int) {
		op, got := lookAt(pid, "SELECT pg_backend_pid()::int8, coalesce(length(current_setting('app.tenant', true)), 0)::int8")
		_ = s.p.Do(context.Background(), op)
		if op.Outcome() != nil || got.got[0][0] == own.got[0][0] || got.got[0][1] != 0 {
			t.Errorf("a stranger ran in the session of an owner: %v %v", got.got, op.Outcome())
		}
	})
	l.Release()
	if s.p.Stats().SharedReads.Sum == 0 {
		t.Error("nothing shared")
	}
	for range 3 { // each connection, the owner's too
		held := take(t, context.Background(), s.p, "look")
		defer held.Release()
		got := &pair{}
		if err := tell(t, held, driver.Raw, "SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 8), coalesce(length(current_setting('app.tenant', true)), 0)::int8 + (to_regclass('mine') IS NOT NULL)::int", got); err != nil || got.got[0][0]+got.got[0][1] != 0 {
			t.Errorf("left behind: %v %v", got.got, err)
		}
	}
}

func TestPostgresAFunctionThatWritesRunsOnceForEachCall(t *testing.T) {
	url := testdb.Postgres(t)
	s, r := openRelay(t, url, pool.Config{Size: 1},
		"CREATE TABLE visits (id bigint)",
		"CREATE FUNCTION visit(id bigint) RETURNS bigint LANGUAGE sql AS 'INSERT INTO visits VALUES (id) RETURNING id'")
	visit := quick(pool.LaneRead)
	const sql = "SELECT visit(id), nonce FROM items WHERE id = $1"
	for range 2 {
		before := r.count()
		var ops []*pool.Op
		for k := range int64(6) {
			op, _ := lookAt(visit, sql, k+1)
			ops = append(ops, op)
		}
		aboard(t, s.p, append(ops, s.points(6)...)...)
		for i, op := range ops {
			isRow(t, op, int64(i+1))
		}
		shared := 0
		for _, flight := range r.since(before) {
			if flight != sql && strings.Contains(flight, sql) {
				shared++
			}
		}
		if st := s.p.Stats(); st.SoloShapes != 1 || st.Generation != 0 || before > 20 && shared > 0 {
			t.Errorf("%d of its kind shut out, generation %d, %d flights shared", st.SoloShapes, st.Generation, shared)
		}
	}
	if n := s.number("SELECT count(*) FROM visits"); n != 12 {
		t.Errorf("%d visits for 12 calls", n)
	}
	// It is known to write by now: when its connection is lost, it is not repeated.
	r.after = func(_ context.Context, f *driver.Flight) error {
		if f.Statements[0].SQL != sql {
			return nil
		}
		return &driver.Error{Kind: driver.ErrConnectionLost}
	}
	op, _ := lookAt(visit, sql, 1)
	if _ = s.p.Do(context.Background(), op); !errors.Is(op.Outcome(), driver.ErrOutcomeUnknown) {
		t.Errorf("a lost call: %v", op.Outcome())
	}
	if n := s.number("SELECT count(*) FROM visits"); n != 13 {
		t.Errorf("%d visits for 13 calls", n)
	}
}

func TestPostgresATableThatGetsATriggerLeavesItsLane(t *testing.T) {
	url := testdb.Postgres(t)
	s, other := openStore(t, url, pool.Config{Size: 1}), openStore(t, url, pool.Config{Size: 1})
	for round, step := range []struct {
		change       func()
		transactions int64
	}{
		{func() {}, 1},
		{func() { s.exec("CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'") }, 1},
		{func() { s.exec("CREATE TRIGGER own AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION quiet()") }, 6},
		{func() { s.exec("DROP TRIGGER own ON items") }, 1},
		{func() { // a stranger's DDL is noticed with the next connection
			other.exec("CREATE TRIGGER foreigners AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION quiet()")
			pid := s.number("SELECT pg_backend_pid()")
			other.number(fmt.Sprintf("SELECT pg_terminate_backend(%d, 10000)::int", pid))
			if got, err := s.read(context.Background(), s.point, byKey, 1); err != nil || got == nil {
				t.Error(got, err)
			}
		}, 6},
	} {
		step.change()
		aboard(t, s.p, s.sets(6)...)
		if n := s.transactions(fmt.Sprintf("n = %d", round+1)); n != step.transactions {
			t.Errorf("round %d: %d transactions for six writes, want %d", round, n, step.transactions)
		}
	}
}

func TestPostgresSlowStatementsGoAlone(t *testing.T) {
	s, r := openRelay(t, testdb.Postgres(t), pool.Config{Size: 1})
	slow := &pool.Shape{Lane: pool.LaneRead}
	const sql = "SELECT id, nonce, pg_sleep(0.02)::text FROM items WHERE id = $1"
	for range 3 {
		op, _ := lookAt(slow, sql, 1)
		_ = s.p.Do(context.Background(), op)
		isRow(t, op, 1)
	}
	before := r.count()
	ops := s.points(6)
	for k := range int64(3) {
		op, _ := lookAt(slow, sql, k+7)
		ops = append(ops, op)
	}
	aboard(t, s.p, ops...)
	for i, op := range ops {
		isRow(t, op, int64(i+1))
	}
	for _, flight := range r.since(before) {
		if flight != sql && strings.Contains(flight, sql) {
			t.Errorf("others had to wait for it: %s", flight)
		}
	}
	s.wantShared(pool.LaneRead, 6)
}

func TestPostgresALoneCallerSharesNothing(t *testing.T) {
	s, r := openRelay(t, testdb.Postgres(t), pool.Config{Size: 4})
	before := r.count()
	for k := range int64(20) {
		if got, err := s.read(context.Background(), s.get, byKey, k+1); err != nil || got[1] != (k+1)*7+1 {
			t.Error(got, err)
		}
		if n, err := s.write(context.Background(), s.set, bump, k+1); err != nil || n != 1 {
			t.Error(n, err)
		}
	}
	for _, flight := range r.since(before) {
		if flight != byKey && flight != bump {
			t.Errorf("sent %s", flight)
		}
	}
	if st := s.p.Stats(); st.SharedReads.Count+st.SharedWrites.Count+st.Merged != 0 {
		t.Errorf("shared %+v %+v, %d were merged", st.SharedReads, st.SharedWrites, st.Merged)
	}
}
