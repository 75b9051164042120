package dialect

import (
	"slices"
	"strconv"
	"sync"
)

// A Rebase is a condition or an order that was written for one source and stands for
// another one of the same table: the columns of From are those of To. What a subquery in
// it selects from keeps its own columns.
type Rebase struct {
	X        Node
	From, To *Source
}

func (n Rebase) write(w *Writer) {
	w.rebased = append(w.rebased, rebasing{n.From, n.To, len(w.sources)})
	n.X.write(w)
	w.rebased = w.rebased[:len(w.rebased)-1]
}

// rebasing is a Rebase that is being written.
type rebasing struct {
	from, to *Source
	outer    int // how many sources were in sight
}

// rebase returns the source that s stands for.
func (w *Writer) rebase(s *Source) *Source {
	for _, r := range slices.Backward(w.rebased) {
		if r.from != s {
			continue
		}
		if len(w.sources) > r.outer && slices.Contains(w.sources[r.outer:], s) {
			return s
		}
		return r.to
	}
	return s
}

// further holds the sources that Further made, so that their texts are made once.
var further sync.Map // furtherKey → *Source

type furtherKey struct {
	of     *Source
	prefix string
	n      int
}

// Further returns the n-th further source of s's table: the same each time. Its name
// begins with spillway_ and prefix.
func (s *Source) Further(prefix string, n int) *Source {
	key := furtherKey{s, prefix, n}
	if have, ok := further.Load(key); ok {
		return have.(*Source)
	}
	have, _ := further.LoadOrStore(key, NewSource(s.Table, "spillway_"+prefix+strconv.Itoa(n)))
	return have.(*Source)
}
