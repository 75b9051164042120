package pool

import (
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A merge is one statement for several lookups of one shape. It takes the rows and hands
// each to the guards of the members that asked for its key, which read it again for
// themselves: nothing of a row is shared. Equal keys are asked for once.
type merge struct {
	r      *ride
	shape  *Shape
	kind   driver.ValueKind
	first  int32 // the members, linked by next
	last   int32
	count  int
	place  int // of its statement in the flight
	ints   map[int64]int32
	texts  map[string]int32
	stray  bool // a row came that nobody asked for, or whose key can not be read
	at     time.Time
	last64 time.Time
	rows   int64
}

// merge finds the lookups that can be merged.
func (r *ride) merge() {
	if r.lane != LaneRead || r.w.crew.pool.cfg.ByKey == LaneOff {
		return
	}
	for i := range r.members {
		m := &r.members[i]
		if m.state == memberDone || m.plain || m.n != 1 || m.shape.Lookup == nil || !mergeable(m.key) {
			continue
		}
		g := r.mergeOf(m)
		if g < 0 {
			g = len(r.merges)
			r.merges = append(r.merges, merge{r: r, shape: m.shape, kind: m.key.Kind(), first: int32(i), last: -1})
		}
		to := &r.merges[g]
		if to.last >= 0 {
			r.members[to.last].next = int32(i)
		}
		to.last = int32(i)
		to.count++
		m.merge = int32(g)
	}
	for g := range r.merges {
		to := &r.merges[g]
		if to.count == 1 { // nothing to merge with
			r.members[to.first].merge = -1
			continue
		}
		to.index()
	}
}

// mergeOf finds the merge that a member belongs to, -1 if there is none yet.
func (r *ride) mergeOf(m *member) int {
	for g := range r.merges {
		if r.merges[g].shape == m.shape && r.merges[g].kind == m.key.Kind() {
			return g
		}
	}
	return -1
}

// mergeable reports whether keys of this kind are equal exactly if their bytes are.
func mergeable(key driver.Value) bool {
	switch key.Kind() {
	case driver.KindInt64, driver.KindUUID, driver.KindBytes, driver.KindText:
		return true
	}
	return false
}

// index sorts the members out by key.
func (g *merge) index() {
	if g.kind == driver.KindInt64 {
		g.ints = make(map[int64]int32, g.count)
	} else {
		g.texts = make(map[string]int32, g.count)
	}
	for i := g.first; i >= 0; i = g.r.members[i].next {
		m := &g.r.members[i]
		if g.ints != nil {
			k := m.key.Int64()
			if other, ok := g.ints[k]; ok {
				m.same = other
			}
			g.ints[k] = i
			continue
		}
		k := keyBytes(m.key)
		if other, ok := g.texts[k]; ok {
			m.same = other
		}
		g.texts[k] = i
	}
}

func keyBytes(key driver.Value) string {
	if key.Kind() == driver.KindUUID {
		id := key.UUID()
		return string(id[:])
	}
	return string(key.Bytes())
}

// statement asks for the rows of all keys.
func (g *merge) statement() driver.Statement {
	var keys driver.Value
	switch g.kind {
	case driver.KindInt64:
		a := make([]int64, 0, len(g.ints))
		for k := range g.ints {
			a = append(a, k)
		}
		keys = driver.Array(a)
	case driver.KindUUID:
		a := make([][16]byte, 0, len(g.texts))
		for k := range g.texts {
			a = append(a, [16]byte([]byte(k)))
		}
		keys = driver.Array(a)
	case driver.KindBytes:
		a := make([][]byte, 0, len(g.texts))
		for k := range g.texts {
			a = append(a, []byte(k))
		}
		keys = driver.Array(a)
	default:
		a := make([]string, 0, len(g.texts))
		for k := range g.texts {
			a = append(a, k)
		}
		keys = driver.Array(a)
	}
	return driver.Statement{SQL: g.shape.Lookup.SQL, Args: []driver.Value{keys}, Class: driver.Read, Sink: g}
}

// Begin implements driver.Sink.
func (g *merge) Begin(cols []driver.Column) error {
	g.at = now()
	g.last64 = g.at
	g.stray, g.rows = false, 0
	for i := g.first; i >= 0; i = g.r.members[i].next {
		_ = g.guard(i).begin(cols) // each keeps its own error
	}
	return nil
}

// Row implements driver.Sink.
func (g *merge) Row(row driver.Row) error {
	if g.rows++; g.rows&63 == 0 {
		g.last64 = now()
	}
	i, ok := g.find(row)
	if !ok {
		g.stray = true
		return nil
	}
	for ; i >= 0; i = g.r.members[i].same {
		guard := g.guard(i)
		guard.rows++
		_ = guard.row(row)
	}
	return nil
}

// find returns the member that asked for a row last; the others hang from it.
func (g *merge) find(row driver.Row) (i int32, ok bool) {
	col := g.shape.Lookup.Column
	switch g.kind {
	case driver.KindInt64:
		k, err := row.Int64(col)
		if err != nil {
			return 0, false
		}
		i, ok = g.ints[k]
	case driver.KindUUID:
		id, err := row.UUID(col)
		if err != nil {
			return 0, false
		}
		i, ok = g.texts[string(id[:])]
	case driver.KindBytes:
		b, err := row.Bytes(col)
		if err != nil {
			return 0, false
		}
		i, ok = g.texts[string(b)]
	default:
		s, err := row.Text(col)
		if err != nil {
			return 0, false
		}
		i, ok = g.texts[s]
	}
	return i, ok
}

func (g *merge) guard(i int32) *guard { return &g.r.guards[g.r.members[i].first] }
