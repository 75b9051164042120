package pool_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/pool"
)

func textShape(sql, table, column string) *pool.Shape {
	s := quick(pool.LaneRead)
	s.Changes, s.Lookup = nil, &pool.Lookup{SQL: sql, Table: table, Name: column}
	return s
}

// byText asks for keys that are texts.
func byText(s *pool.Shape, sql string, keys ...string) *pool.Op {
	op := &pool.Op{Role: driver.Reader, Share: pool.Share{Shape: s}}
	arg := driver.Array(keys)
	if len(keys) == 1 && strings.Contains(sql, "= $1") {
		arg = driver.Text(keys[0])
	}
	op.Statements = []driver.Statement{{SQL: sql, Args: []driver.Value{arg}, Class: driver.Read, Sink: &lines{}}}
	return op
}

func names(s *pool.Shape, t testing.TB) []*pool.Op {
	t.Helper()
	return []*pool.Op{byText(s, "names", "1"), byText(s, "names", "2", "3"), byText(s, "names", "5000"), byText(s, "names", "3")}
}

func wantNames(t testing.TB, ops []*pool.Op) {
	t.Helper()
	for i, want := range [][]string{{"1=7"}, {"2=14", "3=21"}, nil, {"3=21"}} {
		got := slices.Sorted(slices.Values(ops[i].Statements[0].Sink.(*lines).got))
		if ops[i].Outcome() != nil || !slices.Equal(got, want) {
			t.Errorf("names %d: %v, want %v; %v", i, got, want, ops[i].Outcome())
		}
	}
}

func TestTextsMergeWhereTheDatabaseSaysSo(t *testing.T) {
	for plain, merged := range map[string]uint64{"yes": 4, "no": 0} {
		synctest.Test(t, func(t *testing.T) {
			s := newShop()
			s.plain = plain
			p := open(t, s.connector(), one(pool.Config{}))
			k := textShape("names", "t", "c")
			for round := range uint64(3) { // it is asked once
				ops := names(k, t)
				sent := flown(t, s, p, ops...)
				wantNames(t, ops)
				if n := slices.Index(sent, "key?"); (n >= 0) != (round == 0) {
					t.Errorf("%s, round %d: sent %q", plain, round, sent)
				}
				if n := p.Stats().Merged; n != merged*(round+1) {
					t.Errorf("%s, round %d: %d merged", plain, round, n)
				}
			}
			ddl := &pool.Op{Role: driver.Writer}
			ddl.Statements = []driver.Statement{{SQL: "set", Args: []driver.Value{driver.Int64(900), driver.Int64(1)}, Class: driver.Schema}}
			if err := p.Do(context.Background(), ddl); err != nil || ddl.Outcome() != nil {
				t.Fatal(err, ddl.Outcome())
			}
			before := p.Stats().Merged
			s.plain = map[string]string{"yes": "no", "no": "yes"}[plain]
			ops := names(k, t)
			sent := flown(t, s, p, ops...)
			wantNames(t, ops)
			if n := p.Stats().Merged - before; n != 4-merged || sent[0] != "key?" {
				t.Errorf("%s, after DDL: %d merged, sent %q", plain, n, sent)
			}
		})
	}
}

func TestTextsOfWhichNothingIsSaidNeverMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop()
		p := open(t, s.connector(), one(pool.Config{}))
		ops := names(textShape("names", "", ""), t)
		sent := flown(t, s, p, ops...)
		wantNames(t, ops)
		if st := p.Stats(); st.Merged != 0 || slices.Contains(sent, "key?") {
			t.Errorf("%d merged, sent %q", st.Merged, sent)
		}
	})
}

func TestALostConnectionWhileTextsAreAskedAbout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop()
		p := open(t, s.connector(), one(pool.Config{}))
		lost := map[string]bool{} // a read may be sent again once: nothing was sent with the question
		s.before = func(_ context.Context, _ *fake.Conn, f *driver.Flight) error {
			if sql := f.Statements[0].SQL; !lost[sql] && (sql == "key?" || sql == "names") {
				lost[sql] = true
				return fake.Lost()
			}
			return nil
		}
		ops := names(textShape("names", "t", "c"), t)
		flown(t, s, p, ops...)
		wantNames(t, ops)
		time.Sleep(time.Second)
		if n := p.Stats().Merged; len(lost) != 2 || n != 4 {
			t.Errorf("lost %v, merged %d", lost, n)
		}
	})
}

// Columns of many types, each with the key "abc", looked up by what may be equal to it.
func TestPostgresTextsMergeOnlyIfEqualMeansTheSame(t *testing.T) {
	url := testdb.Postgres(t)
	cfg := pool.Config{Size: 1}
	s := openStore(t, url, cfg)
	alone := openStore(t, url, pool.Config{Size: 1, Flights: pool.LaneOff, ByKey: pool.LaneOff})
	for _, sql := range []string{
		"CREATE EXTENSION citext",
		"CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
		"CREATE DOMAIN folded AS citext",
		"CREATE DOMAIN word AS text",
		"CREATE DOMAIN fuzzy AS text COLLATE ci",
	} {
		s.exec(sql)
	}
	for i, c := range []struct {
		typ    string
		merges bool
		finds  []string // which of the keys
	}{
		{"text", true, []string{"abc"}},
		{"varchar(10)", true, []string{"abc"}},
		{`text COLLATE "C"`, true, []string{"abc"}},
		{`text COLLATE "en-x-icu"`, true, []string{"abc"}},
		{"word", false, []string{"abc"}}, // safe, and not worth a look
		{"text COLLATE ci", false, []string{"abc", "ABC", "Abc"}},
		{"varchar(10) COLLATE ci", false, []string{"abc", "ABC", "Abc"}},
		{"fuzzy", false, []string{"abc", "ABC", "Abc"}},
		{"citext", false, []string{"abc", "ABC", "Abc"}},
		{"folded", false, []string{"abc", "ABC", "Abc"}},
		{"char(5)", false, []string{"abc", "abc "}},
	} {
		t.Run(c.typ, func(t *testing.T) {
			table := "words" + string(rune('a'+i))
			s.exec("CREATE TABLE " + table + " (w " + c.typ + " PRIMARY KEY, n bigint)")
			s.exec("INSERT INTO " + table + " VALUES ('abc', 1), ('xyz', 2)")
			one, many := "SELECT w, n FROM "+table+" WHERE w = $1", "SELECT w, n FROM "+table+" WHERE w = ANY($1) ORDER BY n"
			before := s.p.Stats()
			for round := range 3 {
				shape, other := textShape(many, table, "w"), textShape(many, table, "w")
				ask := func(shape *pool.Shape) (ops []*pool.Op) {
					for _, key := range []string{"abc", "ABC", "Abc", "abc ", "xyz", "none", "abc"} {
						ops = append(ops, byText(shape, one, key), byText(shape, many, key, "xyz", "zzz"))
					}
					return ops
				}
				ops, want := ask(shape), ask(other)
				aboard(t, s.p, ops...)
				aboard(t, alone.p, want...)
				for i, op := range ops {
					got, wanted := op.Statements[0].Sink.(*lines).got, want[i].Statements[0].Sink.(*lines).got
					if op.Outcome() != nil || want[i].Outcome() != nil || !slices.Equal(got, wanted) {
						t.Errorf("round %d, %v: %q, alone %q; %v", round, op.Statements[0].Args, got, wanted, op.Outcome())
					}
				}
				for i, key := range []string{"abc", "ABC", "Abc", "abc "} {
					if found := len(ops[2*i].Statements[0].Sink.(*lines).got) > 0; found != slices.Contains(c.finds, key) {
						t.Errorf("%q was found: %v", key, found)
					}
				}
			}
			s.number("SELECT 1")
			if n := s.p.Stats().Merged - before.Merged; (n > 0) != c.merges {
				t.Errorf("%d merged", n)
			}
		})
	}
}

func TestPostgresTextsAreAskedAboutAgain(t *testing.T) {
	s := openStore(t, testdb.Postgres(t), pool.Config{Size: 1},
		"CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
		"CREATE TABLE later (w text PRIMARY KEY, n bigint)", "INSERT INTO later VALUES ('abc', 1)")
	const one, many = "SELECT w, n FROM later WHERE w = $1", "SELECT w, n FROM later WHERE w = ANY($1)"
	shape := textShape(many, "later", "w")
	for i, want := range []int{0, 1} {
		before := s.p.Stats().Merged
		ops := []*pool.Op{byText(shape, one, "abc"), byText(shape, one, "ABC"), byText(shape, one, "none")}
		aboard(t, s.p, ops...)
		if got := ops[1].Statements[0].Sink.(*lines).got; ops[1].Outcome() != nil || len(got) != want {
			t.Errorf("step %d: ABC is %q, %v", i, got, ops[1].Outcome())
		}
		s.number("SELECT 1")
		if n := s.p.Stats().Merged - before; (n > 0) != (want == 0) {
			t.Errorf("step %d: %d merged", i, n)
		}
		s.exec("ALTER TABLE later ALTER w TYPE text COLLATE ci")
	}
}
