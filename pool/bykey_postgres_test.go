package pool_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/pool"
)

// lines is a sink of rows as texts.
type lines struct{ got []string }

func (l *lines) Begin([]driver.Column) error {
	l.got = nil
	return nil
}

func (l *lines) Row(r driver.Row) error {
	key, err := r.Text(0)
	v, err2 := r.Int64(1)
	l.got = append(l.got, fmt.Sprint(key, "=", v))
	return cmp.Or(err, err2)
}

// A column is one by which children are looked up.
type column struct {
	name string
	load *pool.Shape
	get  *pool.Shape
	list func(keys []int64) driver.Value // arguments of numbers that stand for keys
	one  func(key int64) driver.Value
}

func listed[T any](of func(int64) T) func([]int64) driver.Value {
	return func(keys []int64) driver.Value {
		a := make([]T, len(keys))
		for i, k := range keys {
			a[i] = of(k)
		}
		return driver.Array(a)
	}
}

const (
	loadKids = "SELECT %[1]s, n FROM kids WHERE %[1]s = ANY($1) ORDER BY n"
	getKid   = "SELECT %[1]s, n FROM kids WHERE %[1]s = $1 ORDER BY n"
)

func idOf(k int64) (id [16]byte) {
	id[7], id[15] = byte(k), byte(k)
	return id
}

// kids makes children of the keys 0 to 29, none to three each, and the columns that lead
// to them.
func kids(t testing.TB, url string, cfg pool.Config) (*store, []*column) {
	s := openStore(t, url, cfg,
		"CREATE TABLE IF NOT EXISTS kids (n bigint PRIMARY KEY, i int, u uuid, b bytea)",
		`INSERT INTO kids SELECT g * 31 % 97, k, ('00000000-0000-00' || lpad(to_hex(k), 2, '0') || '-0000-0000000000' || lpad(to_hex(k), 2, '0'))::uuid, decode(lpad(to_hex(k), 2, '0'), 'hex')
			FROM generate_series(0, 89) g, LATERAL (SELECT (g * g % 30)::int k) x ON CONFLICT DO NOTHING`)
	cols := []*column{
		{name: "i", list: listed(func(k int64) int64 { return k }), one: driver.Int64},
		{name: "u", list: listed(idOf), one: func(k int64) driver.Value { return driver.UUID(idOf(k)) }},
		{name: "b", list: listed(func(k int64) []byte { return []byte{byte(k)} }), one: func(k int64) driver.Value { return driver.Bytes([]byte{byte(k)}) }},
	}
	for _, c := range cols {
		c.load, c.get = quick(pool.LaneRead), quick(pool.LaneRead)
		c.load.Lookup = &pool.Lookup{SQL: fmt.Sprintf(loadKids, c.name)}
		c.get.Lookup = &pool.Lookup{SQL: fmt.Sprintf(loadKids, c.name)}
	}
	return s, cols
}

func (c *column) ask(keys ...int64) *pool.Op {
	op := &pool.Op{Role: driver.Reader, Share: pool.Share{Shape: c.load}}
	op.Statements = []driver.Statement{{SQL: fmt.Sprintf(loadKids, c.name), Class: driver.Read, Sink: &lines{}}}
	if len(keys) == 1 && keys[0]%2 == 0 {
		op.Share.Shape = c.get
		op.Statements[0].SQL = fmt.Sprintf(getKid, c.name)
		op.Statements[0].Args = []driver.Value{c.one(keys[0])}
	} else {
		op.Statements[0].Args = []driver.Value{c.list(keys)}
	}
	return op
}

func TestPostgresMergedLoadsAnswerAsTheyDoAlone(t *testing.T) {
	url := testdb.Postgres(t)
	s, cols := kids(t, url, pool.Config{Size: 1})
	alone, apart := kids(t, url, pool.Config{Size: 1, Flights: pool.LaneOff, ByKey: pool.LaneOff})
	found := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		var merged, plain []*pool.Op
		for range rapid.IntRange(2, 40).Draw(rt, "loads") {
			c := rapid.IntRange(0, len(cols)-1).Draw(rt, "column")
			keys := rapid.SliceOfN(rapid.Int64Range(0, 33), 1, 5).Draw(rt, "keys")
			merged, plain = append(merged, cols[c].ask(keys...)), append(plain, apart[c].ask(keys...))
		}
		aboard(t, s.p, merged...)
		aboard(t, alone.p, plain...)
		for i, op := range merged {
			got, want := op.Statements[0].Sink.(*lines).got, plain[i].Statements[0].Sink.(*lines).got
			found[op.Statements[0].SQL] += len(want)
			if op.Outcome() != nil || plain[i].Outcome() != nil || !slices.Equal(got, want) || op.Statements[0].Affected != int64(len(want)) {
				rt.Errorf("%s: %v, alone %v; %v %v", op.Statements[0].SQL, got, want, op.Outcome(), plain[i].Outcome())
			}
		}
	})
	for _, c := range cols {
		if found[fmt.Sprintf(loadKids, c.name)] == 0 || found[fmt.Sprintf(getKid, c.name)] == 0 {
			t.Errorf("nothing was found by %s", c.name)
		}
	}
	s.number("SELECT 1")
	if st := s.p.Stats(); st.Merged == 0 || st.Resends != 0 {
		t.Errorf("%d merged, %d resends", st.Merged, st.Resends)
	}
	if n := alone.p.Stats().Merged; n != 0 {
		t.Errorf("%d merged by a pool without lanes", n)
	}
}

func TestPostgresALoadThatFailsFailsAlone(t *testing.T) {
	s, _ := kids(t, testdb.Postgres(t), pool.Config{Size: 1})
	const sql = "SELECT id, (nonce / (id - 5))::int8 FROM items WHERE id = ANY($1) ORDER BY id"
	shape := quick(pool.LaneRead)
	shape.Lookup = &pool.Lookup{SQL: sql}
	ask := func(keys ...int64) *pool.Op {
		op, _ := lookAt(shape, sql)
		op.Statements[0].Args = []driver.Value{driver.Array(keys)}
		return op
	}
	bad := ask(4, 5)
	ops := []*pool.Op{ask(1, 2), bad, ask(7), ask(2, 8), ask(999)}
	aboard(t, s.p, ops...)
	for i, op := range ops {
		got := op.Statements[0].Sink.(*pair).got
		if op == bad {
			if op.Outcome() == nil {
				t.Error("a division by zero went well")
			}
			continue
		}
		var want []row
		for _, k := range op.Statements[0].Args[0].Array().([]int64) {
			if k <= 200 {
				want = append(want, row{k, (k*7 + 1) / (k - 5)})
			}
		}
		if op.Outcome() != nil || !slices.EqualFunc(got, want, func(a, b row) bool { return slices.Equal(a, b) }) {
			t.Errorf("load %d: %v, want %v; %v", i, got, want, op.Outcome())
		}
	}
}

func TestPostgresLoadsBesideLeaversAndOtherTables(t *testing.T) {
	s, cols := kids(t, testdb.Postgres(t), pool.Config{Size: 2})
	want := map[int64]int{}
	for k := range int64(34) {
		want[k] = int(s.number(fmt.Sprint("SELECT count(*) FROM kids WHERE i = ", k)))
	}
	crowd(48, 20, func(g, i int) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if g%6 == 0 {
			key := rand.Int64N(220) + 1
			if got, err := s.read(ctx, s.get, byKey, key); err != nil || (got != nil) != (key <= 200) {
				t.Errorf("key %d of the other table: %v %v", key, got, err)
			}
			return
		}
		c := cols[g%len(cols)]
		keys := []int64{rand.Int64N(34), 34 + rand.Int64N(10), rand.Int64N(34)}
		if keys[0] == keys[2] {
			keys = keys[:1]
		}
		op := c.ask(keys...)
		if g%5 == 0 {
			go cancel()
		}
		_ = s.p.Do(ctx, op)
		n := 0
		for _, k := range keys {
			n += want[k]
		}
		switch err := op.Outcome(); {
		case g%5 == 0 && err != nil:
			if !errors.Is(err, context.Canceled) && !errors.Is(err, pool.ErrNotStarted) {
				t.Error(err)
			}
		case err != nil, len(op.Statements[0].Sink.(*lines).got) != n:
			t.Errorf("keys %v by %s: %v, want %d; %v", keys, c.name, op.Statements[0].Sink.(*lines).got, n, err)
		}
	})
	if st := s.p.Stats(); st.Merged == 0 {
		t.Error("nothing was merged")
	}
}
