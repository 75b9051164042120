package pool_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/pool"
)

// errand is one operation of a random mix.
type errand struct {
	kind  int
	key   int64
	after time.Duration
	give  time.Duration // life; 0: without end
	do    bool          // Do, else Submit
}

const (
	errandGet = iota
	errandPoint
	errandSet
	errandHidden
	errandFail
	errandAlone
	errandKinds
)

type tour struct {
	cfg     pool.Config
	errands []errand
	lost    map[int]bool // flights that the connection is lost under
	takes   time.Duration
}

func drawTour(t *rapid.T) tour {
	r := tour{
		cfg:   pool.Config{Size: rapid.IntRange(1, 3).Draw(t, "size"), Overflow: pool.NoOverflow, Timeout: pool.Never},
		lost:  map[int]bool{},
		takes: time.Duration(rapid.IntRange(0, 3).Draw(t, "takes")) * time.Millisecond,
	}
	for range rapid.IntRange(1, 80).Draw(t, "errands") {
		r.errands = append(r.errands, errand{
			kind: rapid.IntRange(0, errandKinds-1).Draw(t, "kind"), key: rapid.Int64Range(0, 20).Draw(t, "key"),
			after: time.Duration(rapid.IntRange(0, 3).Draw(t, "after")) * time.Millisecond / 2,
			give:  time.Duration(rapid.IntRange(0, 20).Draw(t, "life")) * time.Millisecond * time.Duration(rapid.IntRange(0, 1).Draw(t, "limited")),
			do:    rapid.Bool().Draw(t, "do"),
		})
	}
	for range rapid.IntRange(0, 3).Draw(t, "losses") {
		r.lost[rapid.IntRange(1, 40).Draw(t, "flight")] = true
	}
	return r
}

// play runs the tour. Each write has a key of its own, so what is there in the end tells
// what became of it.
func (r tour) play(t *testing.T, wrong func(format string, args ...any)) {
	s, k := newShop(), newKinds()
	for _, shape := range []*pool.Shape{k.get, k.point, k.set, k.hidden, k.fail} {
		shape.Learn(time.Millisecond)
	}
	s.takes = r.takes
	flights := 0
	s.before = func(_ context.Context, _ *fake.Conn, f *driver.Flight) error {
		s.mu.Lock()
		flights++
		lose := r.lost[flights]
		s.mu.Unlock()
		if !lose {
			return nil
		}
		for _, st := range f.Statements {
			if st.Class == driver.Write {
				return &driver.Error{Kind: driver.ErrOutcomeUnknown, Err: fake.Lost()}
			}
		}
		return fake.Lost()
	}
	p, err := pool.New(s.connector(), lanes(r.cfg))
	if err != nil {
		t.Fatal(err)
	}
	ends := make(resolved, len(r.errands))
	done := make(chan struct{}, len(r.errands))
	ops, counts := make([]*pool.Op, len(r.errands)), map[*pool.Op]int{}
	submitted := 0
	for i, e := range r.errands {
		var op *pool.Op
		switch e.kind {
		case errandGet:
			op, _ = lookup(k.get, e.key)
		case errandPoint:
			op, _ = lookup(k.point, e.key)
		case errandSet:
			op = setRow(k.set, int64(2000+i), int64(i))
		case errandHidden:
			op = plainRead(k.hidden, "hidden")
		case errandFail:
			op = plainRead(k.fail, "fail")
		default:
			op, _ = lookup(nil, e.key)
		}
		ops[i] = op
		ctx, cancel := context.Background(), context.CancelFunc(func() {})
		if e.give > 0 {
			ctx, cancel = context.WithTimeout(ctx, e.give)
		}
		defer cancel()
		if e.do {
			go func() {
				_ = p.Do(ctx, op)
				done <- struct{}{}
			}()
		} else {
			submitted++
			p.Submit(ctx, op, ends)
		}
		time.Sleep(e.after)
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	for range submitted {
		select {
		case op := <-ends:
			counts[op]++
		default:
			wrong("an operation never ended")
		}
	}
	select {
	case <-ends:
		wrong("an operation ended twice")
	default:
	}
	if n := len(done); n != len(r.errands)-submitted {
		wrong("%d of %d calls of Do came back", n, len(r.errands)-submitted)
	}
	for i, op := range ops {
		e, err := r.errands[i], op.Outcome()
		if !e.do && counts[op] != 1 {
			wrong("operation %d ended %d times", i, counts[op])
		}
		left := e.give > 0 && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, pool.ErrNotStarted))
		known := err == nil || left || len(r.lost) > 0 && (errors.Is(err, driver.ErrConnectionLost) || errors.Is(err, driver.ErrOutcomeUnknown))
		switch e.kind {
		case errandGet, errandPoint, errandAlone:
			got := op.Statements[0].Sink.(*pair).got
			if !known || err == nil && (len(got) != 1 || got[0][0] != e.key || got[0][1] != e.key*7) {
				wrong("lookup %d of key %d: %v %v", i, e.key, got, err)
			}
		case errandSet:
			there := s.get(int64(2000+i)) == int64(i) && i > 0
			if !known || err == nil && !there && i > 0 || there && errors.Is(err, pool.ErrNotStarted) {
				wrong("write %d: %v, and there is %v", i, err, there)
			}
		case errandHidden:
			if !known {
				wrong("a read that writes: %v", err)
			}
		case errandFail:
			if err == nil {
				wrong("operation %d did not fail", i)
			}
		}
	}
	_ = p.Close(context.Background())
	synctest.Wait()
	st := p.Stats()
	sum := st.OK + st.Failed + st.Canceled + st.Unknown
	for _, n := range st.Rejected {
		sum += n
	}
	if sum != st.Submitted {
		wrong("%d submitted, %d ended", st.Submitted, sum)
	}
}

func TestEveryOperationOfEveryLaneEndsOnceWithItsOwnRows(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := drawTour(rt)
		var bad []string
		synctest.Test(t, func(t *testing.T) {
			r.play(t, func(format string, args ...any) { bad = append(bad, fmt.Sprintf(format, args...)) })
		})
		if len(bad) > 0 {
			rt.Fatalf("%q", bad)
		}
	})
}
