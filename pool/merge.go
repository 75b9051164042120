package pool

import (
	"slices"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A merge is one statement for several lookups of one shape. It takes the rows and hands
// each to the guards of the members that asked for its key, which read it again for
// themselves: nothing of a row is shared. Equal keys are asked for once. Rows come in the
// order of the statement, and what a member gets of them keeps it.
type merge struct {
	r      *ride
	shape  *Shape
	kind   driver.ValueKind // of a key
	keys   int              // of all members, equal ones counted again
	first  int32            // the members, linked by next
	last   int32
	count  int
	place  int             // of its statement in the flight
	ints   map[int64]int32 // who asked for a key last
	texts  map[string]int32
	askers []asker
	stray  bool // a row came that nobody asked for, or whose key can not be read
	at     time.Time
	last64 time.Time
	rows   int64
}

// An asker is a member that asked for a key; next is who asked for the same one before,
// -1 for nobody.
type asker struct{ member, next int32 }

// maxKeys bounds the keys of one merged statement; who asks for more goes alone.
const maxKeys = 1024

// merge finds the lookups that can be merged.
func (r *ride) merge() {
	if r.lane != LaneRead || r.w.crew.pool.cfg.ByKey == LaneOff {
		return
	}
	for i := range r.members {
		m := &r.members[i]
		if m.state == memberDone || m.plain || m.n != 1 || m.shape.Lookup == nil || len(r.copies[m.first].Args) != 1 {
			continue
		}
		kind, keys := keysOf(r.copies[m.first].Args[0])
		if keys == 0 || kind == driver.KindText && m.shape.plain.Load() != r.stamp {
			continue
		}
		g := r.mergeOf(m.shape, kind, keys)
		if g < 0 {
			g = len(r.merges)
			r.merges = append(r.merges, merge{r: r, shape: m.shape, kind: kind, first: int32(i), last: -1})
		}
		to := &r.merges[g]
		if to.last >= 0 {
			r.members[to.last].next = int32(i)
		}
		to.last = int32(i)
		to.count++
		to.keys += keys
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

// mergeOf finds a merge with room for so many keys, -1 if there is none yet.
func (r *ride) mergeOf(s *Shape, kind driver.ValueKind, keys int) int {
	for g := range r.merges {
		if to := &r.merges[g]; to.shape == s && to.kind == kind && to.keys+keys <= maxKeys {
			return g
		}
	}
	return -1
}

// keysOf returns the kind of the keys that an argument is, one or an array of them, and
// how many they are; 0 if keys of that kind can be equal and have other bytes.
func keysOf(arg driver.Value) (kind driver.ValueKind, n int) {
	switch kind = arg.Kind(); kind {
	case driver.KindInt64, driver.KindUUID, driver.KindBytes, driver.KindText:
		return kind, 1
	case driver.KindArray:
		switch a := arg.Array().(type) {
		case []int64:
			return driver.KindInt64, len(a)
		case [][16]byte:
			return driver.KindUUID, len(a)
		case [][]byte:
			if slices.ContainsFunc(a, func(k []byte) bool { return k == nil }) {
				return kind, 0 // NULL is no key
			}
			return driver.KindBytes, len(a)
		case []string:
			return driver.KindText, len(a)
		}
	}
	return kind, 0
}

// index sorts the members out by key.
func (g *merge) index() {
	g.askers = make([]asker, 0, g.keys)
	if g.kind == driver.KindInt64 {
		g.ints = make(map[int64]int32, g.keys)
	} else {
		g.texts = make(map[string]int32, g.keys)
	}
	for i := g.first; i >= 0; i = g.r.members[i].next {
		switch arg := g.r.copies[g.r.members[i].first].Args[0]; arg.Kind() {
		case driver.KindInt64:
			asks(g, g.ints, arg.Int64(), i)
		case driver.KindArray:
			g.list(arg.Array(), i)
		default:
			asks(g, g.texts, keyBytes(arg), i)
		}
	}
}

func keyBytes(key driver.Value) string {
	if key.Kind() == driver.KindUUID {
		id := key.UUID()
		return string(id[:])
	}
	return string(key.Bytes())
}

// list notes that member i asks for each key of an array.
func (g *merge) list(array any, i int32) {
	switch a := array.(type) {
	case []int64:
		for _, k := range a {
			asks(g, g.ints, k, i)
		}
	case [][16]byte:
		for _, k := range a {
			asks(g, g.texts, string(k[:]), i)
		}
	case [][]byte:
		for _, k := range a {
			asks(g, g.texts, string(k), i)
		}
	case []string:
		for _, k := range a {
			asks(g, g.texts, k, i)
		}
	}
}

// asks notes that member i asks for a key, which may be in its list twice.
func asks[K comparable](g *merge, by map[K]int32, key K, i int32) {
	before, ok := by[key]
	switch {
	case !ok:
		before = -1
	case g.askers[before].member == i:
		return
	}
	by[key] = int32(len(g.askers))
	g.askers = append(g.askers, asker{member: i, next: before})
}

// statement asks for the rows of all keys.
func (g *merge) statement() driver.Statement {
	var keys driver.Value
	switch g.kind {
	case driver.KindInt64:
		keys = arrayOf(g.ints, func(k int64) int64 { return k })
	case driver.KindUUID:
		keys = arrayOf(g.texts, func(k string) [16]byte { return [16]byte([]byte(k)) })
	case driver.KindBytes:
		keys = arrayOf(g.texts, func(k string) []byte { return []byte(k) })
	default:
		keys = arrayOf(g.texts, func(k string) string { return k })
	}
	return driver.Statement{SQL: g.shape.Lookup.SQL, Args: []driver.Value{keys}, Class: driver.Read, Sink: g}
}

func arrayOf[K comparable, E any](by map[K]int32, of func(K) E) driver.Value {
	a := make([]E, 0, len(by))
	for k := range by {
		a = append(a, of(k))
	}
	return driver.Array(a)
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
	for ; i >= 0; i = g.askers[i].next {
		guard := g.guard(g.askers[i].member)
		guard.rows++
		_ = guard.row(row)
	}
	return nil
}

// find returns who asked for a row last; the others hang from it.
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

// most is the largest number of rows that one member got.
func (g *merge) most() (most int64) {
	for i := g.first; i >= 0; i = g.r.members[i].next {
		most = max(most, g.guard(i).rows)
	}
	return most
}
