package pool_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/postgres"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/pool"
)

// store is a table of a real server: rows with a nonce made of their key.
type store struct {
	t     testing.TB
	p     *pool.Pool
	table string
	get   *pool.Shape
	point *pool.Shape
	set   *pool.Shape
	add   *pool.Shape
}

func openStore(t testing.TB, url string, cfg pool.Config, more ...string) *store {
	t.Helper()
	return openStoreOn(t, server(t, url), cfg, more...)
}

// server is the driver's way to a server.
func server(t testing.TB, url string) driver.Connector {
	t.Helper()
	c, err := postgres.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func openStoreOn(t testing.TB, c driver.Connector, cfg pool.Config, more ...string) *store {
	t.Helper()
	cfg = lanes(cfg)
	cfg.Overflow = pool.NoOverflow
	if cfg.Size == 0 {
		cfg.Size = 2
	}
	s := &store{t: t, p: open(t, c, cfg), table: "items"}
	s.exec("CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY, nonce bigint NOT NULL, n bigint NOT NULL DEFAULT 0, code text UNIQUE)")
	s.exec("INSERT INTO items SELECT i, i * 7 + 1, 0, 'c' || i FROM generate_series(1, 200) i ON CONFLICT DO NOTHING")
	for _, sql := range more {
		s.exec(sql)
	}
	s.get = &pool.Shape{Lane: pool.LaneRead, Lookup: &pool.Lookup{SQL: "SELECT id, nonce FROM items WHERE id = ANY($1)"}}
	s.point = &pool.Shape{Lane: pool.LaneRead}
	s.set = &pool.Shape{Lane: pool.LaneWrite, Changes: []pool.Change{{Table: `"items"`, Verb: pool.Update}}}
	s.add = &pool.Shape{Lane: pool.LaneWrite, Changes: []pool.Change{{Table: `"items"`, Verb: pool.Insert}}}
	for _, shape := range []*pool.Shape{s.get, s.point, s.set, s.add} {
		shape.Learn(time.Microsecond)
	}
	return s
}

func (s *store) exec(sql string) {
	s.t.Helper()
	op := &pool.Op{Role: driver.Writer}
	op.Statements = []driver.Statement{{SQL: sql, Class: driver.Schema}}
	if err := s.p.Do(context.Background(), op); err != nil || op.Outcome() != nil {
		s.t.Fatal(sql, err, op.Outcome())
	}
}

// number asks for one integer, alone.
func (s *store) number(sql string) int64 {
	s.t.Helper()
	var n numberSink
	op := &pool.Op{Role: driver.Reader}
	op.Statements = []driver.Statement{{SQL: sql, Class: driver.Raw, Sink: &n}}
	if err := s.p.Do(context.Background(), op); err != nil || op.Outcome() != nil {
		s.t.Fatal(sql, err, op.Outcome())
	}
	return int64(n)
}

type numberSink int64

func (*numberSink) Begin([]driver.Column) error { return nil }
func (n *numberSink) Row(r driver.Row) error {
	v, err := r.Int64(0)
	*n = numberSink(v)
	return err
}

func (s *store) read(ctx context.Context, shape *pool.Shape, sql string, key int64) (row, error) {
	sink := &pair{}
	op := &pool.Op{Role: driver.Reader, Share: pool.Share{Shape: shape, Key: driver.Int64(key)}}
	op.Statements = []driver.Statement{{SQL: sql, Args: []driver.Value{driver.Int64(key)}, Class: driver.Read, Sink: sink}}
	_ = s.p.Do(ctx, op)
	if err := op.Outcome(); err != nil || len(sink.got) == 0 {
		return nil, err
	}
	return sink.got[0], nil
}

const (
	byKey   = "SELECT id, nonce FROM items WHERE id = $1"
	byNonce = "SELECT id, nonce FROM items WHERE nonce = $1"
	bump    = "UPDATE items SET n = n + 1 WHERE id = $1"
	insert  = "INSERT INTO items (id, nonce, code) VALUES ($1::bigint, $1::bigint * 7 + 1, $2)"
)

func (s *store) write(ctx context.Context, shape *pool.Shape, sql string, key int64, more ...driver.Value) (int64, error) {
	op := &pool.Op{Role: driver.Writer, Share: pool.Share{Shape: shape, Key: driver.Int64(key)}}
	op.Statements = []driver.Statement{{SQL: sql, Args: append([]driver.Value{driver.Int64(key)}, more...), Class: driver.Write}}
	_ = s.p.Do(ctx, op)
	return op.Statements[0].Affected, op.Outcome()
}

// crowd runs f many times on each of many goroutines.
func crowd(goroutines, times int, f func(g, i int)) {
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range times {
				f(g, i)
			}
		})
	}
	wg.Wait()
}

func TestPostgresReadsThatShareKeepApart(t *testing.T) {
	s := openStore(t, testdb.Postgres(t), pool.Config{})
	crowd(64, 20, func(g, i int) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		key := rand.Int64N(220) + 1
		var got row
		var err error
		if g%2 == 0 {
			got, err = s.read(ctx, s.get, byKey, key)
		} else {
			got, err = s.read(ctx, s.point, byKey, key)
		}
		switch {
		case err != nil:
			t.Error(err)
		case key > 200 && got != nil, key <= 200 && (got == nil || got[0] != key || got[1] != key*7+1):
			t.Errorf("key %d: %v", key, got)
		}
	})
	if st := s.p.Stats(); st.Merged == 0 || st.SharedReads.Sum == 0 {
		t.Errorf("nothing shared: merged %d, shared %+v", st.Merged, st.SharedReads)
	}
}

func TestPostgresWritesThatShareACommit(t *testing.T) {
	s := openStore(t, testdb.Postgres(t), pool.Config{Size: 8})
	var done, taken atomic.Int64
	crowd(64, 10, func(g, i int) {
		key := int64(1000 + g*10 + i)
		code := fmt.Sprint("new", key)
		if i == 5 {
			code = "c1" // is there already
		}
		_, err := s.write(context.Background(), s.add, insert, key, driver.Text(code))
		switch {
		case i == 5 && !errors.Is(err, driver.ErrUnique), i != 5 && err != nil:
			t.Errorf("insert %d: %v", key, err)
		case i == 5:
			taken.Add(1)
		default:
			// What was acknowledged is seen by whoever asks afterwards, in whatever lane.
			if got, err := s.read(context.Background(), s.get, byKey, key); err != nil || got == nil {
				t.Errorf("key %d was written and is not there: %v", key, err)
			}
		}
		if n, err := s.write(context.Background(), s.set, bump, rand.Int64N(3)+1); err != nil || n != 1 {
			t.Errorf("update: %d %v", n, err)
		}
		done.Add(1)
	})
	if n := s.number("SELECT sum(n)::int8 FROM items"); n != done.Load() {
		t.Errorf("%d updates acknowledged, %d there", done.Load(), n)
	}
	if n := s.number("SELECT count(*) FROM items"); n != 200+64*9 {
		t.Errorf("%d rows", n)
	}
	st := s.p.Stats()
	if st.SharedWrites.Sum == 0 || st.Resends == 0 {
		t.Errorf("nothing shared: %+v, resends %d", st.SharedWrites, st.Resends)
	}
}

func TestPostgresViewThatWritesGoesAlone(t *testing.T) {
	s := openStore(t, testdb.Postgres(t), pool.Config{},
		"CREATE SEQUENCE visits",
		"CREATE FUNCTION visit() RETURNS bigint LANGUAGE sql AS 'SELECT nextval(''visits'')'",
		"CREATE VIEW visitors AS SELECT id, visit() FROM items")
	visit := &pool.Shape{Lane: pool.LaneRead}
	visit.Learn(time.Microsecond)
	crowd(16, 5, func(g, i int) {
		if got, err := s.read(context.Background(), visit, "SELECT * FROM visitors WHERE id = $1", int64(g+1)); err != nil || got == nil {
			t.Error(got, err)
		}
	})
	if n := s.number("SELECT last_value FROM visits"); n != 80 {
		t.Errorf("%d visits were counted, want 80", n)
	}
	if st := s.p.Stats(); st.Generation != 0 {
		t.Error("taken for a failover")
	}
}

func TestPostgresTablesThatDoMoreStayAlone(t *testing.T) {
	for name, sql := range map[string]string{
		"trigger":    "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NOTIFY told; RETURN NEW; END'; ",
		"deferrable": "ALTER TABLE items ADD COLUMN boss bigint REFERENCES items (id) DEFERRABLE INITIALLY DEFERRED",
		"rule":       "CREATE RULE nothing AS ON DELETE TO items DO INSTEAD NOTHING",
		"policy":     "ALTER TABLE items ENABLE ROW LEVEL SECURITY",
		"view":       "ALTER TABLE items RENAME TO shelf",
		"cascade":    "CREATE TABLE parts (item bigint REFERENCES items ON UPDATE CASCADE)",
		"child":      "CREATE TABLE more_items () INHERITS (items)",
	} {
		t.Run(name, func(t *testing.T) {
			more := []string{sql}
			if name == "trigger" {
				more = append(more, "CREATE TRIGGER told AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION tell()")
			}
			if name == "view" {
				more = append(more, "CREATE VIEW items AS SELECT *, xmin FROM shelf")
			}
			s := openStore(t, testdb.Postgres(t), pool.Config{Size: 6}, more...)
			crowd(16, 5, func(g, i int) {
				if _, err := s.write(context.Background(), s.set, bump, int64(g+1)); err != nil {
					t.Error(err)
				}
			})
			if n := s.number("SELECT count(DISTINCT xmin::text) FROM items WHERE n > 0"); n != 16 {
				t.Errorf("%d transactions, want one for each write", n)
			}
			if n := s.number("SELECT sum(n)::int8 FROM items"); n != 80 {
				t.Errorf("%d updates, want 80", n)
			}
		})
	}
}

func TestPostgresNothingSharesWithAnotherIsolation(t *testing.T) {
	url := testdb.Postgres(t)
	first := openStore(t, url, pool.Config{Size: 1})
	first.exec("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database()); END $$")
	s := openStore(t, url, pool.Config{})
	crowd(16, 5, func(g, i int) {
		if got, err := s.read(context.Background(), s.get, byKey, int64(g+1)); err != nil || got == nil {
			t.Error(err)
		}
	})
	if st := s.p.Stats(); st.SharedReads.Count+st.SharedWrites.Count+st.Merged != 0 {
		t.Errorf("shared %+v", st.SharedReads)
	}
}

func TestPostgresGroupIsAllThereOrUnknown(t *testing.T) {
	for name, cut := range map[string]testdb.Cut{"before": testdb.CutBefore, "after": testdb.CutAfter} {
		t.Run(name, func(t *testing.T) {
			proxy := testdb.NewProxy(t, testdb.Postgres(t))
			s := openStore(t, proxy.URL(), pool.Config{Size: 6})
			var acked, unknown atomic.Int64
			var once sync.Once
			crowd(32, 10, func(g, i int) {
				if i == 5 {
					once.Do(func() { proxy.Cut(cut) })
				}
				_, err := s.write(context.Background(), s.set, bump, int64(g+1))
				switch {
				case err == nil:
					acked.Add(1)
				case errors.Is(err, driver.ErrOutcomeUnknown):
					unknown.Add(1)
				case errors.Is(err, driver.ErrConnectionLost):
				default:
					t.Error(err)
				}
			})
			n := s.number("SELECT sum(n)::int8 FROM items")
			if n < acked.Load() || n > acked.Load()+unknown.Load() {
				t.Errorf("%d there, %d acknowledged, %d unknown", n, acked.Load(), unknown.Load())
			}
		})
	}
}
