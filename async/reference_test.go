package async_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/spillwaydb/spillway/async"
)

// TestCombinatorsAgainstReference builds a random expression of combinators over
// promises, settles and cancels in random order, and compares every part of it after
// every step with a plain, single-threaded account of the rules.
func TestCombinatorsAgainstReference(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The deadline of the test is real time, which a bubble does not know.
		timeless := struct{ rapid.TB }{t}
		rapid.Check(timeless, func(t *rapid.T) {
			b := &builder{t: t}
			root := b.build(rapid.IntRange(1, 4).Draw(t, "depth"))
			b.compare()
			for range rapid.IntRange(1, 40).Draw(t, "steps") {
				if rapid.IntRange(0, 9).Draw(t, "action") < 8 && len(b.leaves) > 0 {
					l := b.leaves[rapid.IntRange(0, len(b.leaves)-1).Draw(t, "leaf")]
					var err error
					if rapid.Bool().Draw(t, "fails") {
						err = fmt.Errorf("leaf %d", l.id)
					}
					want := !l.settled
					if got := l.settle(l.id, err); got != want {
						t.Fatalf("settling leaf %d: %v, want %v", l.id, got, want)
					}
					l.end(l.id, err)
				} else {
					n := b.all[rapid.IntRange(0, len(b.all)-1).Draw(t, "node")]
					cause := fmt.Errorf("canceled node %d", n.id)
					want := n.cancel(cause)
					if got := n.stop(cause); got != want {
						t.Fatalf("canceling %s: %v, want %v", n, got, want)
					}
				}
				b.compare()
			}
			// Nothing is left behind.
			for _, l := range b.leaves {
				l.settle(l.id, nil)
				l.end(l.id, nil)
				b.compare()
			}
			if !root.settled {
				t.Fatalf("%s is pending with all leaves settled", root)
			}
		})
	})
}

// node is one future of the expression, and what the reference says about it.
type node struct {
	id    int
	kind  string
	parts []*node
	up    *node
	slot  int
	f     *async.Future[int] // nil: a list, which only a sum looks at

	poll   func() (int, error, bool)
	stop   func(error) bool
	settle func(int, error) bool // leaves

	settled bool
	value   int
	err     error
	decided bool // strict: err is the result although not all parts have settled
	inner   bool // Then: the second half
}

func (n *node) String() string {
	var parts []string
	for _, p := range n.parts {
		parts = append(parts, p.String())
	}
	return fmt.Sprintf("%s%d(%s)", n.kind, n.id, strings.Join(parts, ", "))
}

// end is the reference: n settles, unless it has.
func (n *node) end(v int, err error) {
	if n.settled {
		return
	}
	n.settled, n.value, n.err = true, v, err
	if n.up != nil {
		n.up.hear(n)
	}
}

// hear tells n that its part p has settled.
func (n *node) hear(p *node) {
	if n.settled {
		return
	}
	open := 0
	for _, p := range n.parts {
		if !p.settled {
			open++
		}
	}
	switch n.kind {
	case "sum":
		n.end(p.value, p.err)
	case "map":
		switch {
		case p.err != nil:
			n.end(0, p.err)
		case p.value%3 == 0:
			n.end(0, errThird)
		default:
			n.end(p.value+1, nil)
		}
	case "then":
		switch {
		case p == n.parts[0] && p.err != nil:
			n.end(0, p.err)
		case p == n.parts[0]:
			n.inner = true
			if q := n.parts[1]; q.settled {
				n.end(q.value, q.err)
			}
		case n.inner:
			n.end(p.value, p.err)
		}
	case "gather":
		if p.err != nil && !n.decided {
			n.decided, n.err = true, p.err
			n.cancelParts(async.ErrNotNeeded)
		}
		n.finish()
	case "settle":
		n.finish()
	case "race":
		n.end(p.value, p.err)
		n.cancelParts(async.ErrNotNeeded)
	case "any":
		if p.err == nil {
			n.end(p.value, nil)
			n.cancelParts(async.ErrNotNeeded)
		} else if open == 0 {
			var errs []error
			for _, p := range n.parts {
				errs = append(errs, p.err)
			}
			n.end(0, errors.Join(errs...))
		}
	}
}

// finish settles a node that waits for all its parts.
func (n *node) finish() {
	sum := 0
	for _, p := range n.parts {
		switch {
		case !p.settled:
			return
		case p.err == nil:
			sum += p.value
		default:
			sum += 1000
		}
	}
	if n.kind == "gather" && n.decided {
		n.end(0, n.err)
		return
	}
	n.end(sum, nil)
}

func (n *node) cancelParts(cause error) (any bool) {
	for _, p := range n.parts {
		if p.cancel(cause) {
			any = true
		}
	}
	return any
}

// cancel is the reference of Cancel.
func (n *node) cancel(cause error) bool {
	if n.settled {
		return false
	}
	switch n.kind {
	case "leaf":
		n.end(0, cause)
		return true
	case "gather":
		won := !n.decided
		if won {
			n.decided, n.err = true, cause
		}
		n.cancelParts(cause)
		return won
	case "settle":
		return n.cancelParts(cause)
	case "then":
		n.end(0, cause)
		if n.inner {
			n.parts[1].cancel(cause)
		} else {
			n.parts[0].cancel(cause)
		}
		return true
	default:
		n.end(0, cause)
		n.cancelParts(cause)
		return true
	}
}

var errThird = errors.New("divisible by three")

// builder makes expressions.
type builder struct {
	t      *rapid.T
	all    []*node
	leaves []*node
}

func (b *builder) build(depth int) *node {
	n := &node{kind: "leaf"}
	if depth > 0 {
		n.kind = rapid.SampledFrom([]string{"leaf", "map", "then", "gather", "settle", "race", "any"}).Draw(b.t, "kind")
		parts := map[string]int{"leaf": 0, "map": 1, "then": 2}
		count, fixed := parts[n.kind]
		if !fixed {
			count = rapid.IntRange(1, 4).Draw(b.t, "parts")
		}
		for i := range count {
			p := b.build(depth - 1)
			p.up, p.slot = n, i
			n.parts = append(n.parts, p)
		}
	}
	n.id = len(b.all)
	b.all = append(b.all, n)
	fs := make([]*async.Future[int], len(n.parts))
	for i, p := range n.parts {
		fs[i] = p.f
	}
	switch n.kind {
	case "leaf":
		n.f, n.settle = async.New[int]()
		b.leaves = append(b.leaves, n)
	case "map":
		n.f = async.Map(fs[0], func(v int) (int, error) {
			if v%3 == 0 {
				panic(errThird)
			}
			return v + 1, nil
		})
	case "then":
		n.f = async.Then(fs[0], func(int) *async.Future[int] { return fs[1] })
	case "gather":
		return b.sum(n, list(n, async.Gather(fs...), func(v int) int { return v }))
	case "settle":
		return b.sum(n, list(n, async.Settle(fs...), func(o async.Outcome[int]) int {
			if o.Err != nil {
				return 1000
			}
			return o.Value
		}))
	case "race":
		n.f = async.Race(fs...)
	case "any":
		n.f = async.Any(fs...)
	}
	n.poll, n.stop = n.f.Poll, n.f.Cancel
	return n
}

// list gives n a future of several values, which only its sum looks at, and returns
// that of the sum.
func list[T any](n *node, f *async.Future[[]T], number func(T) int) *async.Future[int] {
	sum := func(vs []T) (sum int) {
		for _, v := range vs {
			sum += number(v)
		}
		return sum
	}
	n.poll = func() (int, error, bool) {
		vs, err, ok := f.Poll()
		return sum(vs), err, ok
	}
	n.stop = f.Cancel
	return async.Map(f, func(vs []T) (int, error) { return sum(vs), nil })
}

// sum puts a node of kind sum above n.
func (b *builder) sum(n *node, f *async.Future[int]) *node {
	s := &node{id: len(b.all), kind: "sum", parts: []*node{n}, f: f, poll: f.Poll, stop: f.Cancel}
	n.up = s
	b.all = append(b.all, s)
	return s
}

// compare holds every future against the reference.
func (b *builder) compare() {
	synctest.Wait()
	for _, n := range b.all {
		v, err, ok := n.poll()
		if ok != n.settled {
			b.t.Fatalf("%s: settled %v, want %v", n, ok, n.settled)
		}
		if !ok {
			continue
		}
		if v != n.value || text(err) != text(n.err) {
			b.t.Fatalf("%s: %d, %v; want %d, %v", n, v, err, n.value, n.err)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return strings.ReplaceAll(err.Error(), "async: function panicked: ", "")
}
