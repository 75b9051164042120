package pool_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/pool"
)

// newUnit is the shape of a transaction that writes to two tables.
func newUnit() *pool.Shape {
	s := &pool.Shape{Lane: pool.LaneWrite, Changes: []pool.Change{{Table: "a"}, {Table: "b"}}}
	s.Learn(time.Microsecond)
	return s
}

// setRows is such a transaction, which sets each row to its key, negated.
func setRows(s *pool.Shape, keys ...int64) *pool.Op {
	op := &pool.Op{Role: driver.Writer, Share: pool.Share{Shape: s}}
	op.Statements = append(op.Statements, driver.Statement{SQL: "BEGIN", Class: driver.Begin})
	for _, k := range keys {
		op.Statements = append(op.Statements, driver.Statement{SQL: "set", Args: []driver.Value{driver.Int64(k), driver.Int64(-k)}, Class: driver.Write, Sink: &pair{}})
	}
	op.Statements = append(op.Statements, driver.Statement{SQL: "COMMIT", Class: driver.Commit})
	return op
}

// Transactions that were queued as a whole share one commit, and each stands or falls as a
// whole.
func TestUnitsOfSeveralStatementsShareACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shape := newShop(), newUnit()
		p := open(t, s.connector(), one(pool.Config{}))
		ops := make([]*pool.Op, 4)
		for i := range ops {
			ops[i] = setRows(shape, int64(10+i), int64(20+i))
		}
		ops[2].Statements[2].SQL = "break"
		sent := s.together(t, p, ops...)
		want := []string{
			"table?;table?",
			"BEGIN;SET lock_timeout;set;set;set;set;set;break;set;set;COMMIT",
			"BEGIN;SET lock_timeout;set;set;set;set;set;set;COMMIT",
			"BEGIN;set;break;COMMIT",
		}
		if !slices.Equal(sent, want) {
			t.Errorf("sent %q", sent)
		}
		for i, op := range ops {
			if fails := i == 2; (op.Outcome() != nil) != fails {
				t.Errorf("unit %d: %v", i, op.Outcome())
			}
			for _, k := range []int64{int64(10 + i), int64(20 + i)} {
				if (s.get(k) == -k) == (i == 2) {
					t.Errorf("unit %d: row %d is %d", i, k, s.get(k))
				}
			}
			for j := 1; i != 2 && j < 3; j++ {
				if st := &op.Statements[j]; st.Affected != 1 {
					t.Errorf("unit %d, statement %d: %d rows", i, j, st.Affected)
				}
			}
		}
		if st := p.Stats(); st.SharedWrites.Sum != 4 {
			t.Errorf("%+v", st.SharedWrites)
		}
	})
}

// A unit that waits for a lock in vain goes alone, and for a moment whatever writes to the
// table of the statement that waited. Seen to fail with the unit's first table taken for it.
func TestAUnitThatMeetsALockGoesAloneWithItsTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shape, k := newShop(), newUnit(), newKinds()
		k.set.Learn(time.Microsecond)
		second := &pool.Shape{Lane: pool.LaneWrite, Changes: []pool.Change{{Table: "b"}}}
		second.Learn(time.Microsecond)
		free := true
		s.before = func(_ context.Context, _ *fake.Conn, f *driver.Flight) error {
			if free && len(f.Statements) > 6 {
				free = false
				f.Statements[3].SQL = "locked"
			}
			return nil
		}
		p := open(t, s.connector(), one(pool.Config{}))
		ops := []*pool.Op{setRows(shape, 1, 2), setRow(second, 3, -3), setRow(second, 4, -4), setRow(k.set, 5, -5), setRow(k.set, 6, -6)}
		sent := s.together(t, p, ops...)
		want := []string{
			"table?;table?;table?;table?",
			"BEGIN;SET lock_timeout;set;set;set;set;set;set;COMMIT",
			"BEGIN;SET lock_timeout;set;set;COMMIT",
			"BEGIN;set;set;COMMIT", "set", "set",
		}
		if !slices.Equal(sent, want) {
			t.Errorf("sent %q", sent)
		}
		for key := range int64(6) {
			if got := s.get(key + 1); got != -key-1 {
				t.Errorf("row %d is %d", key+1, got)
			}
		}
	})
}

// A lost connection leaves the outcome of each unit of a group unknown.
func TestALostUnitIsUnknownAndNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shape := newShop(), newUnit()
		groups := 0
		s.before = func(_ context.Context, _ *fake.Conn, f *driver.Flight) error {
			if len(f.Statements) < 4 {
				return nil
			}
			groups++
			return &driver.Error{Kind: driver.ErrOutcomeUnknown, Err: fake.Lost()}
		}
		p := open(t, s.connector(), one(pool.Config{}))
		ops := []*pool.Op{setRows(shape, 1, 2), setRows(shape, 3, 4)}
		s.together(t, p, ops...)
		for i, op := range ops {
			if !errors.Is(op.Outcome(), driver.ErrOutcomeUnknown) {
				t.Errorf("unit %d: %v", i, op.Outcome())
			}
		}
		if st := p.Stats(); st.Unknown != 2 || groups != 1 {
			t.Errorf("%d unknown, sent %d times", st.Unknown, groups)
		}
	})
}
