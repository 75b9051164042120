package pool_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/pool"
)

// shop is a fake database of rows of two integers, with statements that share flights.
//
//	get     the row of key $1
//	any     the rows of the keys $1
//	kids    the children of the keys $1, see children
//	names   the same with the keys as texts
//	set     sets row $1 to $2; what it returned is the row
//	fail    fails
//	hidden  a SELECT that writes
//	locked  waits for a lock in vain
type shop struct {
	mu      sync.Mutex
	rows    map[int64]int64
	flights []string      // the statements of each, by their texts
	takes   time.Duration // each statement
	before  func(ctx context.Context, c *fake.Conn, f *driver.Flight) error
	plain   string // the answer to Table: "yes" unless set
}

func newShop() *shop {
	s := &shop{rows: map[int64]int64{}, takes: time.Millisecond}
	for i := range int64(1000) {
		s.rows[i] = i * 7
	}
	return s
}

func sharing() *driver.Sharing {
	return &driver.Sharing{
		Read: func(bool) []driver.Statement {
			return []driver.Statement{{SQL: "BEGIN READ ONLY", Class: driver.Begin}, {SQL: "SET lock_timeout", Class: driver.Read}}
		},
		Write: func(bool) []driver.Statement {
			return []driver.Statement{{SQL: "BEGIN", Class: driver.Begin}, {SQL: "SET lock_timeout", Class: driver.Read}}
		},
		Commit: driver.Statement{SQL: "COMMIT", Class: driver.Commit},
		Table:  "table?",
		Key:    "key?",
	}
}

// row is a row of integers.
type row []int64

func (r row) Len() int                     { return len(r) }
func (r row) IsNull(int) bool              { return false }
func (r row) Bool(i int) (bool, error)     { return r[i] != 0, nil }
func (r row) Int64(i int) (int64, error)   { return r[i], nil }
func (r row) Float64(int) (float64, error) { return 0, errors.New("no float") }
func (r row) Text(i int) (string, error)   { return fmt.Sprint(r[i]), nil }
func (r row) Bytes(int) ([]byte, error)    { return nil, errors.New("no bytes") }
func (r row) Time(int) (time.Time, error)  { return time.Time{}, errors.New("no time") }
func (r row) UUID(int) ([16]byte, error)   { return [16]byte{}, errors.New("no UUID") }
func (r row) Value(i int) (any, error)     { return r[i], nil }

var aborted = &driver.Error{Kind: driver.ErrTxAborted}

func (s *shop) connector() *fake.Connector {
	return &fake.Connector{
		Traits: driver.Features{RoundTrip: true, Sharing: sharing()},
		OnFly: func(ctx context.Context, c *fake.Conn, f *driver.Flight) (bool, error) {
			s.note(f)
			if s.before != nil {
				if err := s.before(ctx, c, f); err != nil {
					return true, err
				}
			}
			return true, s.fly(ctx, f)
		},
	}
}

func (s *shop) note(f *driver.Flight) {
	texts := make([]string, len(f.Statements))
	for i := range f.Statements {
		texts[i] = f.Statements[i].SQL
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flights = append(s.flights, strings.Join(texts, ";"))
}

func (s *shop) sent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.flights...)
}

func (s *shop) get(k int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rows[k]
}

// fly carries a flight out as a server does.
func (s *shop) fly(ctx context.Context, f *driver.Flight) error {
	var tx map[int64]int64 // what the transaction changed; nil outside
	failed, readOnly := false, false
	for i := range f.Statements {
		st := &f.Statements[i]
		if failed && tx != nil {
			st.Err = aborted
			if st.Class == driver.Commit {
				tx, failed = nil, false
			}
			continue
		}
		switch st.Class {
		case driver.Begin:
			tx, readOnly = map[int64]int64{}, strings.Contains(st.SQL, "READ ONLY")
			continue
		case driver.Commit:
			s.mu.Lock()
			for k, v := range tx {
				s.rows[k] = v
			}
			s.mu.Unlock()
			tx = nil
			continue
		}
		if strings.HasPrefix(st.SQL, "SET") {
			continue
		}
		if err := fake.Sleep(ctx, s.takes); err != nil {
			st.Err = err
			failed = true
			continue
		}
		var sinks error
		st.Err, sinks = s.statement(st, tx, readOnly)
		failed = failed || st.Err != nil
		if st.Err == nil { // a sink ends its own statement only
			st.Err = sinks
		}
	}
	return nil
}

func (s *shop) statement(st *driver.Statement, tx map[int64]int64, readOnly bool) (err, sinks error) {
	var out []row
	find := func(k int64) {
		v, ok := tx[k]
		if !ok {
			s.mu.Lock()
			v, ok = s.rows[k]
			s.mu.Unlock()
		}
		if ok {
			out = append(out, row{k, v})
		}
	}
	switch st.SQL {
	case "get":
		find(st.Args[0].Int64())
	case "any":
		for _, k := range st.Args[0].Array().([]int64) {
			find(k)
		}
	case "kids":
		if out, err = children(st.Args[0].Array().([]int64)); err != nil {
			return err, nil
		}
	case "names":
		for _, k := range st.Args[0].Array().([]string) {
			n, _ := strconv.ParseInt(k, 10, 64)
			find(n)
		}
	case "key?":
		if out = append(out, row{1}); s.plain == "no" {
			out = []row{{0}}
		}
	case "set":
		if readOnly {
			return &driver.Error{Kind: driver.ErrReadOnly}, nil
		}
		k, v := st.Args[0].Int64(), st.Args[1].Int64()
		if tx != nil {
			tx[k] = v
		} else {
			s.mu.Lock()
			s.rows[k] = v
			s.mu.Unlock()
		}
		out = append(out, row{k, v})
	case "hidden":
		if readOnly {
			return &driver.Error{Kind: driver.ErrReadOnly}, nil
		}
	case "locked":
		return &driver.Error{Kind: driver.ErrLockTimeout}, nil
	case "table?":
		if s.plain != "no" {
			out = append(out, row{1, 1, 1})
		} else {
			out = append(out, row{0, 0, 0})
		}
	default:
		return &driver.Error{Kind: driver.ErrValue, Message: "cannot " + st.SQL}, nil
	}
	st.Affected = int64(len(out))
	if st.Sink == nil {
		return nil, nil
	}
	defer func() {
		if v := recover(); v != nil {
			sinks = fmt.Errorf("a sink panicked with a %T", v)
		}
	}()
	if err := st.Sink.Begin([]driver.Column{{Name: "k"}, {Name: "v"}}); err != nil {
		return nil, err
	}
	for _, r := range out {
		if err := st.Sink.Row(r); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// pair is the sink of one row; it says what it has seen.
type pair struct {
	begun int
	got   []row
	fail  error
	panic bool
	pause chan struct{} // Row waits for it
	in    chan struct{} // and says that it does
}

func (p *pair) Begin([]driver.Column) error {
	p.begun++
	p.got = nil
	return nil
}

func (p *pair) Row(r driver.Row) error {
	if p.pause != nil {
		p.in <- struct{}{}
		<-p.pause
	}
	if p.panic {
		panic("the sink's own")
	}
	k, _ := r.Int64(0)
	v, _ := r.Int64(1)
	p.got = append(p.got, row{k, v})
	return p.fail
}

// kinds are the shapes of a test; each has its own, so that they learn nothing from others.
type kinds struct{ get, point, fail, hidden, set *pool.Shape }

func newKinds() *kinds {
	return &kinds{
		get:    &pool.Shape{Lane: pool.LaneRead, Lookup: &pool.Lookup{SQL: "any"}},
		point:  &pool.Shape{Lane: pool.LaneRead},
		fail:   &pool.Shape{Lane: pool.LaneRead},
		hidden: &pool.Shape{Lane: pool.LaneRead},
		set:    &pool.Shape{Lane: pool.LaneWrite, Changes: []pool.Change{{Table: "t", Verb: pool.Update}}},
	}
}

func lookup(s *pool.Shape, key int64) (*pool.Op, *pair) {
	sink := &pair{}
	op := &pool.Op{Role: driver.Reader, Share: pool.Share{Shape: s, Key: driver.Int64(key)}}
	op.Statements = []driver.Statement{{SQL: "get", Args: []driver.Value{driver.Int64(key)}, Class: driver.Read, Sink: sink}}
	return op, sink
}

func plainRead(s *pool.Shape, sql string) *pool.Op {
	op := &pool.Op{Role: driver.Reader, Share: pool.Share{Shape: s}}
	op.Statements = []driver.Statement{{SQL: sql, Class: driver.Read, Sink: &pair{}}}
	return op
}

func setRow(s *pool.Shape, key, v int64) *pool.Op {
	op := &pool.Op{Role: driver.Writer, Share: pool.Share{Shape: s, Key: driver.Int64(key)}}
	op.Statements = []driver.Statement{{SQL: "set", Args: []driver.Value{driver.Int64(key), driver.Int64(v)}, Class: driver.Write, Sink: &pair{}}}
	return op
}

// learn makes the shapes known to be quick, as their first operation does.
func learn(t testing.TB, p *pool.Pool, k *kinds) {
	t.Helper()
	get, _ := lookup(k.get, 1)
	point, _ := lookup(k.point, 1)
	for _, op := range []*pool.Op{get, point, plainRead(k.hidden, "hidden"), setRow(k.set, 1, 7)} {
		if err := p.Do(context.Background(), op); err != nil || op.Outcome() != nil {
			t.Fatal(err, op.Outcome())
		}
	}
	k.fail.Learn(time.Millisecond)
}

// busy keeps the only connection busy until the function it returns is called.
func busy(t testing.TB, p *pool.Pool) (free func()) {
	t.Helper()
	l := take(t, context.Background(), p, "busy")
	return l.Release
}

func one(cfg pool.Config) pool.Config {
	cfg.Size, cfg.Overflow = 1, pool.NoOverflow
	return lanes(cfg)
}

// lanes opens the lanes of which nothing is said, also in a build without them.
func lanes(cfg pool.Config) pool.Config {
	if cfg.Flights == 0 {
		cfg.Flights, cfg.ByKey = pool.LaneOn, pool.LaneOn
	}
	if cfg.GroupWrites == 0 {
		cfg.GroupWrites = pool.GroupAuto
	}
	return cfg
}

func TestReadsThatWaitShareAFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		free := busy(t, p)
		ends := make(resolved, 8)
		sinks := map[*pool.Op]*pair{}
		for i := range int64(8) {
			op, sink := lookup(k.point, i)
			sinks[op] = sink
			p.Submit(context.Background(), op, ends)
		}
		before := len(s.sent())
		free()
		for range 8 {
			op := <-ends
			key := op.Statements[0].Args[0].Int64()
			if got := sinks[op].got; op.Outcome() != nil || len(got) != 1 || got[0][0] != key || got[0][1] != key*7 || op.Statements[0].Affected != 1 {
				t.Errorf("key %d: %v %v", key, got, op.Outcome())
			}
		}
		if got := s.sent()[before:]; len(got) != 1 || got[0] != "BEGIN READ ONLY;SET lock_timeout;get;get;get;get;get;get;get;get;COMMIT" {
			t.Errorf("sent %q", got)
		}
		if st := p.Stats(); st.SharedReads.Count != 1 || st.SharedReads.Sum != 8 {
			t.Errorf("shared %+v", st.SharedReads)
		}
	})
}

func TestAnIdleConnectionTakesOneOperationOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), lanes(pool.Config{Size: 4, Overflow: pool.NoOverflow}))
		learn(t, p, k)
		s.takes = 100 * time.Millisecond
		ends := make(resolved, 4)
		for range 4 {
			p.Submit(context.Background(), plainRead(nil, "hidden"), ends)
		}
		for range 4 {
			<-ends
		}
		synctest.Wait()
		if n := p.Stats().Idle; n != 4 {
			t.Fatalf("%d idle connections", n)
		}
		for i := range int64(4) {
			op, _ := lookup(k.point, i)
			p.Submit(context.Background(), op, ends)
		}
		before := len(s.sent())
		for range 4 {
			<-ends
		}
		for _, f := range s.sent()[before:] {
			if f != "get" {
				t.Errorf("sent %q beside idle connections", f)
			}
		}
	})
}

func TestLookupsThatWaitBecomeOneStatement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		free := busy(t, p)
		ends := make(resolved, 8)
		sinks := map[*pool.Op]*pair{}
		keys := []int64{1, 2, 3, 3, 3, 5000, 6, 7}
		for _, key := range keys {
			op, sink := lookup(k.get, key)
			sinks[op] = sink
			p.Submit(context.Background(), op, ends)
		}
		before := len(s.sent())
		free()
		for range keys {
			op := <-ends
			key, got := op.Statements[0].Args[0].Int64(), sinks[op].got
			switch {
			case op.Outcome() != nil:
				t.Error(op.Outcome())
			case key == 5000 && (len(got) != 0 || op.Statements[0].Affected != 0 || sinks[op].begun == 0):
				t.Errorf("a key that is not there: %v", got)
			case key != 5000 && (len(got) != 1 || got[0][1] != key*7 || op.Statements[0].Affected != 1):
				t.Errorf("key %d: %v", key, got)
			}
		}
		if got := s.sent()[before:]; len(got) != 1 || got[0] != "any" {
			t.Errorf("sent %q", got)
		}
		if st := p.Stats(); st.Merged != 8 {
			t.Errorf("%d merged", st.Merged)
		}
	})
}

func TestTheOneThatSpoilsAFlightGoesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		free := busy(t, p)
		ends := make(resolved, 8)
		var ops []*pool.Op
		for i := range int64(6) {
			op, _ := lookup(k.point, i)
			if i == 3 {
				op = plainRead(k.fail, "fail")
			}
			ops = append(ops, op)
			p.Submit(context.Background(), op, ends)
		}
		before := len(s.sent())
		free()
		for range ops {
			<-ends
		}
		for i, op := range ops {
			if (op.Outcome() != nil) != (i == 3) {
				t.Errorf("operation %d: %v", i, op.Outcome())
			}
		}
		if got := s.sent()[before:]; len(got) != 3 || got[1] != "get;get" || got[2] != "fail" {
			t.Errorf("sent %q", got)
		}
	})
}

func TestAReadThatWritesGoesAloneFromThenOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		for round := range 2 {
			free := busy(t, p)
			ends := make(resolved, 8)
			var ops []*pool.Op
			for i := range int64(5) {
				op, _ := lookup(k.point, i)
				if i == 0 {
					op = plainRead(k.hidden, "hidden")
				}
				ops = append(ops, op)
				p.Submit(context.Background(), op, ends)
			}
			before := len(s.sent())
			free()
			for range ops {
				if op := <-ends; op.Outcome() != nil {
					t.Error(op.Outcome())
				}
			}
			if got := s.sent()[before:]; round == 1 && len(got) != 2 {
				t.Errorf("sent %q", got)
			}
		}
		if st := p.Stats(); st.Generation != 0 || st.SoloShapes != 1 || st.Closes[pool.CloseReadOnly] != 0 {
			t.Errorf("generation %d, solo %d: taken for a failover", st.Generation, st.SoloShapes)
		}
	})
}

func TestAMemberThatLeavesDisturbsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		interrupted := false
		s.before = func(ctx context.Context, _ *fake.Conn, f *driver.Flight) error {
			context.AfterFunc(ctx, func() { interrupted = true })
			return fake.Sleep(ctx, 100*time.Millisecond)
		}
		free := busy(t, p)
		var wg sync.WaitGroup
		for i := range int64(8) {
			wg.Go(func() {
				ctx := context.Background()
				if i == 2 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, 150*time.Millisecond)
					defer cancel()
				}
				op, sink := lookup(k.point, i)
				begin := time.Now()
				_ = p.Do(ctx, op)
				err := op.Outcome()
				switch {
				case i == 2 && (!errors.Is(err, context.DeadlineExceeded) || len(sink.got) > 0 || time.Since(begin) != 150*time.Millisecond):
					t.Errorf("the one that left after %v: %v %v", time.Since(begin), err, sink.got)
				case i != 2 && (err != nil || sink.got[0][1] != i*7):
					t.Errorf("key %d: %v %v", i, err, sink.got)
				}
			})
		}
		synctest.Wait()
		time.Sleep(80 * time.Millisecond)
		free()
		wg.Wait()
		if interrupted {
			t.Error("the flight was interrupted")
		}
	})
}

func TestAFlightThatEverybodyLeftIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		free := busy(t, p)
		s.takes = time.Hour
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		ends := make(resolved, 5)
		for i := range int64(5) {
			op, _ := lookup(k.point, i)
			p.Submit(ctx, op, ends)
		}
		free()
		for range 5 {
			if op := <-ends; !errors.Is(op.Outcome(), context.DeadlineExceeded) {
				t.Error(op.Outcome())
			}
		}
		synctest.Wait()
		if st := p.Stats(); st.Idle != 1 || st.Canceled != 5 {
			t.Errorf("idle %d, canceled %d: the connection is still busy", st.Idle, st.Canceled)
		}
	})
}

func TestSharedReadsAreRepeatedWhenTheirConnectionIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		free := busy(t, p)
		ends := make(resolved, 6)
		for i := range int64(6) {
			op, _ := lookup(k.point, i)
			p.Submit(context.Background(), op, ends)
		}
		lose := true
		s.before = func(_ context.Context, _ *fake.Conn, f *driver.Flight) error {
			if lose && len(f.Statements) > 2 {
				lose = false
				return fake.Lost()
			}
			return nil
		}
		free()
		for range 6 {
			if op := <-ends; op.Outcome() != nil {
				t.Error(op.Outcome())
			}
		}
	})
}

func TestASinksFailureIsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		for _, shape := range []*pool.Shape{k.get, k.point} {
			free := busy(t, p)
			ends := make(resolved, 6)
			bad := errors.New("cannot decode")
			for i := range int64(6) {
				op, sink := lookup(shape, i)
				if i == 1 {
					sink.fail = bad
				}
				sink.panic = i == 2
				p.Submit(context.Background(), op, ends)
			}
			free()
			for range 6 {
				op := <-ends
				err := op.Outcome()
				switch i := op.Statements[0].Args[0].Int64(); {
				case i == 1 && !errors.Is(err, bad), i == 2 && err == nil, i > 2 && err != nil:
					t.Errorf("key %d: %v", i, err)
				}
			}
		}
	})
}

func TestSlowShapesLeaveTheLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		s.takes = 20 * time.Millisecond
		for range 4 {
			op, _ := lookup(k.point, 1)
			_ = p.Do(context.Background(), op)
		}
		free := busy(t, p)
		ends := make(resolved, 5)
		for i := range int64(5) {
			op, _ := lookup(k.point, i)
			p.Submit(context.Background(), op, ends)
		}
		free()
		for range 5 {
			<-ends
		}
		if st := p.Stats(); st.SharedReads.Count != 0 {
			t.Errorf("slow statements shared %d flights", st.SharedReads.Count)
		}
	})
}

func TestLanesCanBeSwitchedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{Flights: pool.LaneOff, GroupWrites: pool.GroupOff}))
		learn(t, p, k)
		free := busy(t, p)
		ends := make(resolved, 10)
		for i := range int64(5) {
			op, _ := lookup(k.get, i)
			p.Submit(context.Background(), op, ends)
			p.Submit(context.Background(), setRow(k.set, i, i), ends)
		}
		free()
		for range 10 {
			<-ends
		}
		if st := p.Stats(); st.SharedReads.Count+st.SharedWrites.Count+st.Merged != 0 {
			t.Errorf("%+v", st)
		}
	})
}
