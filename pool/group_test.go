package pool_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/pool"
)

// group submits writes of n keys, each to its negative, while the connection is busy, and
// returns them when all have ended.
func group(t *testing.T, p *pool.Pool, s *shop, k *kinds, n int64, change func(op *pool.Op, i int64)) (ops []*pool.Op, sent []string) {
	t.Helper()
	free := busy(t, p)
	ends := make(resolved, n)
	for i := range n {
		op := setRow(k.set, 100-i, -(100 - i))
		if change != nil {
			change(op, i)
		}
		ops = append(ops, op)
		p.Submit(context.Background(), op, ends)
	}
	before := len(s.sent())
	free()
	for range n {
		<-ends
	}
	return ops, s.sent()[before:]
}

const fourSets = "BEGIN;SET lock_timeout;set;set;set;set;COMMIT"

func TestWritesThatWaitShareACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		var order []int64
		s.before = func(_ context.Context, _ *fake.Conn, f *driver.Flight) error {
			for _, st := range f.Statements {
				if st.SQL == "set" {
					order = append(order, st.Args[0].Int64())
				}
			}
			return nil
		}
		ops, sent := group(t, p, s, k, 4, nil)
		if len(sent) != 2 || sent[0] != "table?" || sent[1] != fourSets {
			t.Errorf("sent %q", sent)
		}
		for i, op := range ops {
			if key := op.Statements[0].Args[0].Int64(); op.Outcome() != nil || s.get(key) != -key || op.Statements[0].Affected != 1 {
				t.Errorf("write %d: %v", i, op.Outcome())
			}
		}
		for i := range order[1:] {
			if order[i] > order[i+1] {
				t.Errorf("keys in the order %v", order)
			}
		}
		if _, sent = group(t, p, s, k, 4, nil); len(sent) != 1 {
			t.Errorf("the table was asked about again: %q", sent)
		}
		if st := p.Stats(); st.SharedWrites.Sum != 8 {
			t.Errorf("%+v", st.SharedWrites)
		}
	})
}

func TestAWriteThatFailsInAGroupFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		ops, sent := group(t, p, s, k, 4, func(op *pool.Op, i int64) {
			if i == 1 {
				op.Statements[0].SQL = "break"
			}
		})
		for i, op := range ops {
			if key := op.Statements[0].Args[0].Int64(); (op.Outcome() != nil) != (i == 1) || i != 1 && s.get(key) != -key {
				t.Errorf("write %d: %v", i, op.Outcome())
			}
		}
		if len(sent) != 4 || sent[2] != "BEGIN;SET lock_timeout;set;set;set;COMMIT" || sent[3] != "break" {
			t.Errorf("sent %q", sent)
		}
	})
}

func TestTablesThatDoMoreGoAlone(t *testing.T) {
	for _, policy := range []pool.GroupPolicy{pool.GroupAuto, pool.GroupAlways} {
		synctest.Test(t, func(t *testing.T) {
			s, k := newShop(), newKinds()
			s.plain = "no"
			p := open(t, s.connector(), one(pool.Config{GroupWrites: policy}))
			learn(t, p, k)
			_, sent := group(t, p, s, k, 4, nil)
			if grouped := strings.Contains(strings.Join(sent, "|"), "set;set"); grouped != (policy == pool.GroupAlways) {
				t.Errorf("policy %d: sent %q", policy, sent)
			}
			if policy == pool.GroupAuto {
				if _, sent = group(t, p, s, k, 4, nil); len(sent) != 4 {
					t.Errorf("known to do more, but sent %q", sent)
				}
			}
		})
	}
}

func TestWhatIsKnownOfTablesExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		for _, s.plain = range []string{"yes", "no", "yes"} {
			_, sent := group(t, p, s, k, 4, nil)
			if grouped := strings.Contains(strings.Join(sent, "|"), "set;set"); grouped != (s.plain == "yes") {
				t.Errorf("plain is %s: sent %q", s.plain, sent)
			}
			asked := strings.Count(strings.Join(s.sent(), "|"), "table?")
			if group(t, p, s, k, 4, nil); strings.Count(strings.Join(s.sent(), "|"), "table?") != asked {
				t.Error("asked again at once")
			}
			time.Sleep(time.Minute)
		}
	})
}

func TestALostGroupIsUnknownAndNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		unknown := &driver.Error{Kind: driver.ErrOutcomeUnknown, Err: fake.Lost()}
		lost := false
		s.before = func(ctx context.Context, c *fake.Conn, f *driver.Flight) error {
			if lost || len(f.Statements) < 4 {
				return nil
			}
			lost = true
			return unknown
		}
		ops, _ := group(t, p, s, k, 4, nil)
		for i, op := range ops {
			if !errors.Is(op.Outcome(), driver.ErrOutcomeUnknown) {
				t.Errorf("write %d: %v", i, op.Outcome())
			}
		}
		if st := p.Stats(); st.Unknown != 4 {
			t.Errorf("%d unknown", st.Unknown)
		}
		if n := strings.Count(strings.Join(s.sent(), "|"), "set;set"); n != 2 {
			t.Errorf("%d pairs of writes were sent, want the two of one group", n)
		}
	})
}

func TestACommitThatFailsIsRepeatedOneByOne(t *testing.T) {
	// The second is a COMMIT that was answered by ROLLBACK.
	for _, kind := range []driver.Kind{driver.ErrSerialization, driver.ErrTxAborted} {
		testCommitThatFails(t, kind)
	}
}

func testCommitThatFails(t *testing.T, kind driver.Kind) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		k.set.Learn(time.Millisecond)
		c := s.connector()
		fly := c.OnFly
		c.OnFly = func(ctx context.Context, conn *fake.Conn, f *driver.Flight) (bool, error) {
			if last := len(f.Statements) - 1; last > 2 && f.Statements[last].Class == driver.Commit {
				s.note(f)
				f.Statements[last].Err = &driver.Error{Kind: kind}
				return true, nil
			}
			return fly(ctx, conn, f)
		}
		p := open(t, c, one(pool.Config{}))
		ops, sent := group(t, p, s, k, 4, nil)
		for i, op := range ops {
			if key := op.Statements[0].Args[0].Int64(); op.Outcome() != nil || s.get(key) != -key {
				t.Errorf("write %d: %v", i, op.Outcome())
			}
		}
		if len(sent) != 6 {
			t.Errorf("sent %q", sent)
		}
	})
}

func TestAWriteWhoseCallerLeftIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		s.takes = 100 * time.Millisecond
		free := busy(t, p)
		var wg sync.WaitGroup
		for i := range int64(4) {
			wg.Go(func() {
				ctx := context.Background()
				if i == 2 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, 250*time.Millisecond)
					defer cancel()
				}
				op := setRow(k.set, 10+i, -1)
				_ = p.Do(ctx, op)
				if err := op.Outcome(); errors.Is(err, driver.ErrOutcomeUnknown) != (i == 2) || i != 2 && err != nil {
					t.Errorf("write %d: %v", i, err)
				}
			})
		}
		synctest.Wait()
		free()
		wg.Wait()
		if s.get(12) != -1 {
			t.Error("the group was disturbed by the one that left")
		}
	})
}

func TestAFewWritesDoNotWaitForAGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), lanes(pool.Config{Size: 8, Overflow: pool.NoOverflow}))
		learn(t, p, k)
		s.takes = 100 * time.Millisecond
		ends := make(resolved, 8)
		for range 8 {
			p.Submit(context.Background(), plainRead(nil, "hidden"), ends)
		}
		for range 8 {
			<-ends
		}
		synctest.Wait()
		before := len(s.sent())
		for i := range int64(8) {
			p.Submit(context.Background(), setRow(k.set, i, -i), ends)
			synctest.Wait()
		}
		for range 8 {
			<-ends
		}
		alone := 0
		for _, f := range s.sent()[before:] {
			if f == "set" {
				alone++
			}
		}
		if st := p.Stats(); alone != 4 || st.SharedWrites.Sum != 4 {
			t.Errorf("%d alone, shared %+v: %q", alone, st.SharedWrites, s.sent()[before:])
		}
	})
}
