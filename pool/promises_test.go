package pool_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/pool"
)

// What the package comment promises of the lanes, where a real server can not be made to
// show it.

// together submits operations while the only connection is busy, and returns what was sent
// for them when all have ended.
func (s *shop) together(t *testing.T, p *pool.Pool, ops ...*pool.Op) (sent []string) {
	t.Helper()
	free := busy(t, p)
	ends := make(resolved, len(ops))
	for _, op := range ops {
		p.Submit(context.Background(), op, ends)
	}
	before := len(s.sent())
	free()
	for range ops {
		<-ends
	}
	synctest.Wait()
	return s.sent()[before:]
}

func members(flight string) int { return strings.Count(flight, "get") }

func TestWhatDoesNotSayThatItSharesFliesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		raw := func() *pool.Op {
			op := &pool.Op{Role: driver.Writer}
			op.Statements = []driver.Statement{{SQL: "hidden", Class: driver.Raw}}
			return op
		}
		owner := raw()
		owner.Take = pool.NewLease("owner")
		owner.Share.Shape = k.point // of no use beside Take
		defer owner.Take.Release()
		var ops []*pool.Op
		for i := range int64(4) {
			a, _ := lookup(k.point, i)
			b, _ := lookup(nil, i)
			ops = append(ops, a, raw(), b)
		}
		sent := s.together(t, p, append(ops, owner)...)
		alone := map[string]int{}
		for _, flight := range sent {
			if !strings.Contains(flight, ";") {
				alone[flight]++
			}
		}
		if alone["hidden"] != 5 || alone["get"] != 4 || len(sent) != 10 {
			t.Errorf("sent %q", sent)
		}
	})
}

func TestNothingSharesWhereTheServerForbidsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		c := s.connector()
		allowed := true
		c.Traits.Sharing.Allowed = func() bool { return allowed }
		p := open(t, c, one(pool.Config{}))
		learn(t, p, k)
		for _, allowed = range []bool{true, false} {
			var ops []*pool.Op
			for i := range int64(4) {
				op, _ := lookup(k.get, i)
				ops = append(ops, op, setRow(k.set, i, i))
			}
			if sent := s.together(t, p, ops...); (len(sent) < 8) != allowed {
				t.Errorf("allowed %v: sent %q", allowed, sent)
			}
		}
	})
}

func TestAFlightIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		var ops []*pool.Op
		for i := range int64(600) {
			op, _ := lookup(k.point, i)
			ops = append(ops, op)
		}
		sent := s.together(t, p, ops...)
		if len(sent) != 3 || members(sent[0]) != 256 || members(sent[1]) != 256 || members(sent[2]) != 88 {
			t.Errorf("%d flights for 600 operations; the first has %d", len(sent), members(sent[0]))
		}
		ops = nil
		for i, size := range []int{60, 60, 60, 60, 60, 60, 70, 60} { // KiB of arguments
			op, _ := lookup(k.point, int64(i))
			op.Statements[0].Args = append(op.Statements[0].Args, driver.Bytes(make([]byte, size<<10)))
			ops = append(ops, op)
		}
		var sizes []int
		for _, flight := range s.together(t, p, ops...) {
			sizes = append(sizes, members(flight))
		}
		if len(sizes) != 3 || sizes[0] != 4 || sizes[1]+sizes[2] != 4 || min(sizes[1], sizes[2]) != 1 {
			t.Errorf("flights of %v operations", sizes)
		}
		slow := &pool.Shape{Lane: pool.LaneRead}
		slow.Learn(4 * time.Millisecond)
		ops = nil
		for i := range int64(200) {
			op, _ := lookup(slow, i)
			ops = append(ops, op)
		}
		if sent := s.together(t, p, ops...); members(sent[0]) != 75 {
			t.Errorf("a flight of %d operations of 4 ms each", members(sent[0]))
		}
	})
}

func TestAShapeWithLargeAnswersGoesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		c := s.connector()
		fly := c.OnFly
		c.OnFly = func(ctx context.Context, conn *fake.Conn, f *driver.Flight) (bool, error) {
			handled, err := fly(ctx, conn, f)
			f.Statements[len(f.Statements)/2].Affected = 300
			return handled, err
		}
		p := open(t, c, one(pool.Config{}))
		for range 10 {
			op, _ := lookup(k.point, 1)
			_ = p.Do(context.Background(), op)
		}
		var ops []*pool.Op
		for i := range int64(5) {
			op, _ := lookup(k.point, i)
			ops = append(ops, op)
		}
		if sent := s.together(t, p, ops...); len(sent) != 5 {
			t.Errorf("sent %q", sent)
		}
	})
}

func TestAShapeThatSpoilsFlightsLeavesForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		spoiled := func() bool {
			ops := []*pool.Op{plainRead(k.fail, "fail")}
			for i := range int64(5) {
				op, _ := lookup(k.point, i)
				ops = append(ops, op)
			}
			sent := s.together(t, p, ops...)
			return strings.Contains(strings.Join(sent, "|"), ";fail;")
		}
		for i := range 5 {
			if !spoiled() {
				t.Fatalf("left after %d failures", i)
			}
		}
		if spoiled() || p.Stats().SoloShapes != 1 {
			t.Errorf("it still shares; %d shapes are shut out", p.Stats().SoloShapes)
		}
		for range 20 { // it goes well again
			op := plainRead(k.fail, "hidden")
			if err := p.Do(context.Background(), op); err != nil || op.Outcome() != nil {
				t.Fatal(err, op.Outcome())
			}
		}
		if !spoiled() {
			t.Error("it never comes back")
		}
	})
}

func TestAfterThreeErrorsAFlightGoesOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		var ops []*pool.Op
		for range 5 {
			bad := &pool.Shape{Lane: pool.LaneRead}
			bad.Learn(time.Millisecond)
			ops = append(ops, plainRead(bad, "fail"))
		}
		for i := range int64(4) {
			op, _ := lookup(k.point, i)
			ops = append(ops, op)
		}
		sent := s.together(t, p, ops...)
		shared, alone := 0, 0
		for _, flight := range sent {
			if strings.Contains(flight, ";") {
				shared++
			} else {
				alone++
			}
		}
		if shared != 4 || alone != 9 {
			t.Errorf("%d shared flights and %d alone: %q", shared, alone, sent)
		}
		for i, op := range ops {
			if (op.Outcome() != nil) != (i < 5) {
				t.Errorf("operation %d: %v", i, op.Outcome())
			}
		}
	})
}

func TestALoneOperationWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), lanes(pool.Config{Size: 4}))
		learn(t, p, k)
		for i := range int64(50) {
			get, _ := lookup(k.get, i)
			for _, op := range []*pool.Op{get, setRow(k.set, i, i)} {
				begin, before := time.Now(), len(s.sent())
				if err := p.Do(context.Background(), op); err != nil || op.Outcome() != nil {
					t.Fatal(err, op.Outcome())
				}
				if took, sent := time.Since(begin), s.sent()[before:]; took != s.takes || len(sent) != 1 || strings.Contains(sent[0], ";") {
					t.Errorf("took %v, sent %q", took, sent)
				}
			}
		}
	})
}

func TestWhatWasNotSentYetGoesElsewhere(t *testing.T) {
	for _, way := range []string{"ping", "table?"} {
		synctest.Test(t, func(t *testing.T) {
			s, k := newShop(), newKinds()
			c := s.connector()
			lost := false
			p := open(t, c, one(pool.Config{PrePing: pool.PingAlways}))
			learn(t, p, k)
			lose := func() error {
				if lost {
					return nil
				}
				lost = true
				return fake.Lost()
			}
			var ops []*pool.Op
			for i := range int64(4) {
				ops = append(ops, setRow(k.set, i, -i))
			}
			free := busy(t, p)
			ends := make(resolved, len(ops))
			for _, op := range ops {
				p.Submit(context.Background(), op, ends)
			}
			c.OnPing = func(context.Context, *fake.Conn) error {
				if way == "ping" {
					return lose()
				}
				return nil
			}
			s.before = func(_ context.Context, _ *fake.Conn, f *driver.Flight) error {
				if f.Statements[0].SQL == way {
					return lose()
				}
				return nil
			}
			free()
			for range ops {
				<-ends
			}
			for i, op := range ops {
				if op.Outcome() != nil || s.get(int64(i)) != -int64(i) {
					t.Errorf("%s, write %d: %v", way, i, op.Outcome())
				}
			}
			if !lost {
				t.Errorf("%s: nothing was lost", way)
			}
		})
	}
}

func TestARowThatNobodyAskedForIsNobodys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		c := s.connector()
		fly := c.OnFly
		c.OnFly = func(ctx context.Context, conn *fake.Conn, f *driver.Flight) (bool, error) {
			for i := range f.Statements {
				if st := &f.Statements[i]; st.SQL == "any" {
					st.Args = []driver.Value{driver.Array(append([]int64{77}, st.Args[0].Array().([]int64)...))}
				}
			}
			return fly(ctx, conn, f)
		}
		p := open(t, c, one(pool.Config{}))
		learn(t, p, k)
		var ops []*pool.Op
		for i := range int64(4) {
			op, _ := lookup(k.get, i)
			ops = append(ops, op)
		}
		sent := s.together(t, p, ops...)
		for i, op := range ops {
			if got := op.Statements[0].Sink.(*pair).got; op.Outcome() != nil || len(got) != 1 || got[0][0] != int64(i) {
				t.Errorf("key %d: %v %v", i, got, op.Outcome())
			}
		}
		if asked := strings.Count(strings.Join(sent, ";"), "get"); asked != 4 || p.Stats().Merged != 0 {
			t.Errorf("sent %q, %d merged", sent, p.Stats().Merged)
		}
	})
}

func TestAReadThatIsKnownToWriteIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{}))
		learn(t, p, k)
		var ops []*pool.Op
		for range 4 {
			ops = append(ops, plainRead(k.hidden, "hidden"))
		}
		point, _ := lookup(k.point, 1)
		s.together(t, p, append(ops, point)...)
		calls := 0
		s.before = func(context.Context, *fake.Conn, *driver.Flight) error {
			if calls++; calls == 1 {
				return fake.Lost()
			}
			return nil
		}
		op := plainRead(k.hidden, "hidden")
		_ = p.Do(context.Background(), op)
		if !errors.Is(op.Outcome(), driver.ErrOutcomeUnknown) || calls != 1 {
			t.Errorf("sent %d times: %v", calls, op.Outcome())
		}
	})
}

func TestTimeoutHoldsInEveryQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{Timeout: time.Second}))
		learn(t, p, k)
		free := s.locks()
		stuck := func() *pool.Op {
			op := setRow(k.set, 1, -1)
			op.Statements[0].SQL = "wait"
			return op
		}
		// One that waits for a lock has the connection, and others of its kind wait for that.
		other := &pool.Shape{Lane: pool.LaneWrite, Changes: []pool.Change{{Table: "other"}}}
		other.Learn(time.Millisecond)
		ends, held := make(resolved, 10), busy(t, p)
		p.Submit(context.Background(), stuck(), nil)
		p.Submit(context.Background(), setRow(other, 2, -2), ends)
		held()
		<-ends
		synctest.Wait()
		get, _ := lookup(k.get, 1)
		point, _ := lookup(k.point, 1)
		raw := plainRead(nil, "hidden")
		begin := time.Now()
		for _, op := range []*pool.Op{get, point, raw, setRow(other, 3, -3), stuck()} {
			p.Submit(context.Background(), op, ends)
		}
		if p.Detours() != 1 {
			t.Error("nothing is on a detour")
		}
		for range 5 {
			op := <-ends
			if took := time.Since(begin); !errors.Is(op.Outcome(), pool.ErrTimeout) || took != time.Second {
				t.Errorf("%s after %v: %v", op.Statements[0].SQL, took, op.Outcome())
			}
		}
		free()
		synctest.Wait()
	})
}
