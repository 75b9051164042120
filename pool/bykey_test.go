package pool_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/pool"
)

const (
	badKey = -1        // fails
	bigKey = 1_000_000 // and above: has that many rows less
)

// children are the rows of keys: key%4 of each, of two keys never side by side.
func children(keys []int64) (out []row, err error) {
	keys = slices.Clone(keys)
	slices.Sort(keys)
	for _, k := range slices.Compact(keys) {
		n := k % 4
		switch {
		case k == badKey:
			return nil, &driver.Error{Kind: driver.ErrValue, Message: "a bad key"}
		case k >= bigKey:
			n = k - bigKey
		}
		for i := range n {
			out = append(out, row{k, i*10*bigKey + k})
		}
	}
	slices.SortFunc(out, func(a, b row) int { return int(a[1] - b[1]) })
	return out, nil
}

func kidsShape() *pool.Shape {
	s := &pool.Shape{Lane: pool.LaneRead, Lookup: &pool.Lookup{SQL: "kids"}}
	s.Learn(time.Millisecond)
	return s
}

func load(s *pool.Shape, keys ...int64) *pool.Op {
	op := &pool.Op{Role: driver.Reader, Share: pool.Share{Shape: s}}
	op.Statements = []driver.Statement{{SQL: "kids", Args: []driver.Value{driver.Array(keys)}, Class: driver.Read, Sink: &pair{}}}
	return op
}

// wantKids checks an answer: the rows of its keys, each once and in order.
func wantKids(t testing.TB, op *pool.Op) {
	t.Helper()
	keys := op.Statements[0].Args[0].Array().([]int64)
	want, _ := children(keys)
	sink := op.Statements[0].Sink.(*pair)
	same := slices.EqualFunc(sink.got, want, func(a, b row) bool { return slices.Equal(a, b) })
	if op.Outcome() != nil || !same || sink.begun == 0 || op.Statements[0].Affected != int64(len(want)) {
		t.Errorf("keys %v: %d rows %v, want %v; %v", keys, op.Statements[0].Affected, sink.got, want, op.Outcome())
	}
}

// flown has operations wait for the only connection, and returns what was sent then.
func flown(t testing.TB, s *shop, p *pool.Pool, ops ...*pool.Op) []string {
	t.Helper()
	before := len(s.sent())
	aboard(t, p, ops...)
	synctest.Wait()
	return slices.DeleteFunc(s.sent()[before:], func(f string) bool { return f == driver.Begin.String() }) // that was the lease
}

func TestLoadsThatWaitBecomeOneStatement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop()
		asked := 0
		s.before = func(_ context.Context, _ *fake.Conn, f *driver.Flight) error {
			for _, st := range f.Statements {
				if st.SQL == "kids" {
					asked += len(st.Args[0].Array().([]int64))
				}
			}
			return nil
		}
		p := open(t, s.connector(), one(pool.Config{}))
		k := kidsShape()
		ops := []*pool.Op{load(k, 1), load(k, 3, 2), load(k, 3, 3), load(k, 7, 4, 9999), load(k, 3), load(k, 4), load(k, 11, 1, 3)}
		sent := flown(t, s, p, ops...)
		for _, op := range ops {
			wantKids(t, op)
		}
		if len(sent) != 1 || sent[0] != "kids" || asked != 7 {
			t.Errorf("sent %q for %d keys, want one statement for 7", sent, asked)
		}
		if st := p.Stats(); st.Merged != 7 {
			t.Errorf("%d merged", st.Merged)
		}
	})
}

func TestLoadsOfTwoTablesAreTwoStatements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop()
		p := open(t, s.connector(), one(pool.Config{}))
		a, b := kidsShape(), kidsShape()
		ops := []*pool.Op{load(a, 1), load(b, 1), load(a, 2), load(b, 3), load(a, 2), load(b, 1, 2)}
		sent := flown(t, s, p, ops...)
		for _, op := range ops {
			wantKids(t, op)
		}
		if len(sent) != 1 || strings.Count(sent[0], "kids") != 2 {
			t.Errorf("sent %q", sent)
		}
	})
}

func TestALoadWithFurtherArgumentsIsNotMerged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop()
		p := open(t, s.connector(), one(pool.Config{}))
		k := kidsShape()
		ops := []*pool.Op{load(k, 1), load(k, 2), load(k, 3), load(k, 3)}
		for _, op := range ops[2:] {
			op.Statements[0].Args = append(op.Statements[0].Args, driver.Int64(1))
		}
		sent := flown(t, s, p, ops...)
		if len(sent) != 1 || strings.Count(sent[0], "kids") != 3 {
			t.Errorf("sent %q", sent)
		}
		if st := p.Stats(); st.Merged != 2 {
			t.Errorf("%d merged", st.Merged)
		}
	})
}

func TestWhoLeavesAMergedLoadDisturbsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop()
		p := open(t, s.connector(), one(pool.Config{}))
		k := kidsShape()
		free := busy(t, p)
		ends := make(resolved, 4)
		ctx, cancel := context.WithCancel(context.Background())
		leaver, others := load(k, 3, 5), []*pool.Op{load(k, 3), load(k, 3, 6), load(k, 5)}
		p.Submit(context.Background(), others[0], ends)
		p.Submit(ctx, leaver, ends)
		for _, op := range others[1:] {
			p.Submit(context.Background(), op, ends)
		}
		before := len(s.sent())
		s.before = func(context.Context, *fake.Conn, *driver.Flight) error {
			cancel()
			synctest.Wait()
			return nil
		}
		free()
		for range 4 {
			<-ends
		}
		synctest.Wait()
		if sink := leaver.Statements[0].Sink.(*pair); leaver.Outcome() == nil || sink.begun != 0 {
			t.Errorf("who left ended with %v and %v", leaver.Outcome(), sink.got)
		}
		for _, op := range others {
			wantKids(t, op)
		}
		if sent := s.sent()[before:]; len(sent) != 1 {
			t.Errorf("sent %q", sent)
		}
	})
}

func TestALoadThatSpoilsAMergeFailsAlone(t *testing.T) {
	for _, beside := range []bool{false, true} { // in a transaction with something else, or not
		synctest.Test(t, func(t *testing.T) {
			s := newShop()
			p := open(t, s.connector(), one(pool.Config{}))
			k := kidsShape()
			bad := load(k, 6, badKey)
			ops := []*pool.Op{load(k, 3), bad, load(k, 6, 7), load(k, 3)}
			var other *pool.Op
			if beside {
				point := &pool.Shape{Lane: pool.LaneRead}
				point.Learn(time.Millisecond)
				other = plainRead(point, "hidden")
				other.Statements[0].SQL, other.Statements[0].Args = "get", []driver.Value{driver.Int64(4)}
				ops = append(ops, other)
			}
			sent := flown(t, s, p, ops...)
			for _, op := range ops {
				if op != bad && op != other {
					wantKids(t, op)
				}
			}
			if !errors.Is(bad.Outcome(), driver.ErrValue) {
				t.Errorf("the bad one ended with %v", bad.Outcome())
			}
			if beside && (other.Outcome() != nil || len(other.Statements[0].Sink.(*pair).got) != 1) {
				t.Errorf("the one beside ended with %v", other.Outcome())
			}
			if st := p.Stats(); st.Merged != 0 || len(sent) < 2 {
				t.Errorf("%d merged, sent %q", st.Merged, sent)
			}
		})
	}
}

func TestLargeLoadsLeaveTheLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop()
		p := open(t, s.connector(), one(pool.Config{}))
		k := kidsShape()
		ops := []*pool.Op{load(k, 3)}
		for i := range int64(30) {
			ops = append(ops, load(k, i))
		}
		ops = append(ops, load(k, bigKey+pool.MaxRows), load(k, 7))
		if sent := flown(t, s, p, ops...); len(sent) != 1 {
			t.Errorf("sent %q", sent)
		}
		for _, op := range ops {
			wantKids(t, op)
		}
		if st := p.Stats(); int(st.Merged) != len(ops) {
			t.Errorf("%d merged", st.Merged)
		}
		if sent := flown(t, s, p, load(k, 1), load(k, 2), load(k, 3)); len(sent) != 3 {
			t.Errorf("after a large answer: sent %q", sent)
		}
		for i := 0; len(flown(t, s, p, load(k, 1), load(k, 2), load(k, 3))) == 3; i++ {
			if i > 100 {
				t.Fatal("small answers do not bring it back")
			}
		}
	})
}

func TestRowsAndKeysOfAMergeAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop()
		p := open(t, s.connector(), one(pool.Config{}))
		k := kidsShape()
		k.LearnRows(pool.ManyRows - 1)
		var ops []*pool.Op
		for i := range int64(pool.MaxRows/pool.ManyRows + 2) {
			ops = append(ops, load(k, i))
		}
		if sent := flown(t, s, p, ops...); len(sent) != 2 {
			t.Errorf("sent %q", sent)
		}
		many := func(from, n int64) *pool.Op {
			keys := make([]int64, n)
			for i := range keys {
				keys[i] = from + int64(i)
			}
			return load(k, keys...)
		}
		k.LearnRows(1)
		before := p.Stats().Merged
		ops = []*pool.Op{many(0, pool.MaxKeys-100), many(50, 99), many(5000, pool.MaxKeys), many(30, 100), load(k, 3), many(4000, pool.MaxKeys+1)}
		sent := flown(t, s, p, ops...)
		for _, op := range ops {
			wantKids(t, op)
		}
		if st := p.Stats(); len(sent) != 1 || strings.Count(sent[0], "kids") != 4 || st.Merged-before != 3 {
			t.Errorf("sent %q, %d merged", sent, st.Merged-before)
		}
	})
}

func TestKeysOfBytesAreTheMergesOwn(t *testing.T) {
	for _, members := range []int{1, 2} { // beside something else, or merged
		synctest.Test(t, func(t *testing.T) {
			s := newShop()
			k := kidsShape()
			buf := []byte{1}
			var asked [][]byte
			s.before = func(_ context.Context, _ *fake.Conn, f *driver.Flight) error {
				for _, st := range f.Statements {
					if st.SQL == "kids" {
						buf[0] = 9 // by a caller who has left
						asked = append(asked, st.Args[0].Array().([][]byte)...)
					}
				}
				if len(asked) == 0 {
					return nil
				}
				return errors.New("enough")
			}
			p := open(t, s.connector(), one(pool.Config{}))
			point := &pool.Shape{Lane: pool.LaneRead}
			point.Learn(time.Millisecond)
			ops := []*pool.Op{plainRead(point, "get")}
			for range members {
				op := load(k)
				op.Statements[0].Args[0] = driver.Array([][]byte{buf})
				ops = append(ops, op)
			}
			flown(t, s, p, ops...)
			if len(asked) == 0 || asked[0][0] != 1 {
				t.Errorf("asked for %v", asked)
			}
		})
	}
}

// A round is loads that wait at the same moment.
type round struct {
	keys   [][]int64
	leaves []bool
}

func drawRound(t *rapid.T) round {
	key := rapid.OneOf(rapid.Int64Range(0, 12), rapid.Int64Range(badKey, 40), rapid.Int64Range(bigKey, bigKey+20))
	var r round
	for range rapid.IntRange(2, 30).Draw(t, "loads") {
		r.keys = append(r.keys, rapid.SliceOfN(key, 1, 6).Draw(t, "keys"))
		r.leaves = append(r.leaves, rapid.IntRange(0, 9).Draw(t, "leaves") == 0)
	}
	return r
}

func TestMergedLoadsAnswerAsTheyDoAlone(t *testing.T) {
	merged := uint64(0)
	rapid.Check(t, func(rt *rapid.T) {
		r := drawRound(rt)
		synctest.Test(t, func(t *testing.T) {
			s := newShop()
			p := open(t, s.connector(), one(pool.Config{}))
			k := kidsShape()
			free := busy(t, p)
			ends := make(resolved, len(r.keys))
			leave, cancel := context.WithCancel(context.Background())
			s.before = func(context.Context, *fake.Conn, *driver.Flight) error {
				cancel()
				return nil
			}
			ops := make([]*pool.Op, len(r.keys))
			for i, keys := range r.keys {
				ops[i] = load(k, keys...)
				ctx := context.Background()
				if r.leaves[i] {
					ctx = leave
				}
				p.Submit(ctx, ops[i], ends)
			}
			free()
			for range ops {
				<-ends
			}
			for i, op := range ops {
				switch bad := slices.Contains(r.keys[i], badKey); {
				case bad && op.Outcome() == nil:
					t.Errorf("keys %v did not fail", r.keys[i])
				case bad, r.leaves[i] && op.Outcome() != nil:
				default:
					wantKids(t, op)
				}
			}
			merged += p.Stats().Merged
		})
		if t.Failed() {
			rt.Fatal(fmt.Sprint(r))
		}
	})
	if merged == 0 {
		t.Error("nothing was merged")
	}
}
