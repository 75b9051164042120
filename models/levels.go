package models

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
)

// A hole is an argument that an earlier step of the flush provides: a key that the
// database makes.
type hole struct {
	args []driver.Value
	at   int
	from *batch
	row  int
	f    *field
}

// A setting is a foreign key that a flush writes into an object when it went well.
type setting struct {
	r  *record
	f  *field
	at int // the argument that has the value
}

// inserts plans the new objects: those that need keys which the database makes for
// others come a step after these.
func (f *flush) inserts(g *graph, rank map[*table]int, now time.Time) error {
	news := append(slices.Clone(f.u.pending), g.rows...)
	level, err := g.levels(news, rank)
	if err != nil {
		return err
	}
	slices.SortStableFunc(news, func(a, b *record) int {
		return cmp.Or(cmp.Compare(level[a], level[b]), cmp.Compare(rank[a.t], rank[b.t]))
	})
	where := map[*record]place{}
	for len(news) > 0 {
		n := 1
		for n < len(news) && news[n].t == news[0].t && level[news[n]] == level[news[0]] {
			n++
		}
		objs := make([]unsafe.Pointer, n)
		for i := range objs {
			objs[i] = news[i].obj
		}
		bs, err := batches(f.u.e.dialect, news[0].t, objs, now, nil)
		if err != nil {
			return err
		}
		step := level[news[0]]
		for _, b := range bs {
			w := work{batch: b, recs: news[:len(b.objs)], t: b.t, verb: "insert into", st: b.st, step: step}
			for i, r := range w.recs {
				if len(g.bonds) > 0 {
					where[r] = place{b, i, len(f.work)}
				}
			}
			f.work, news = append(f.work, w), news[len(b.objs):]
		}
	}
	f.where = where
	for _, b := range g.bonds {
		at, ok := where[b.child]
		if !ok || b.later || b.obj == nil {
			continue
		}
		i := slices.Index(at.batch.write, b.fk)
		if i < 0 {
			return fmt.Errorf("models: %s: the foreign key %s is left to the database", b.by, b.fk.path)
		}
		if err := f.supply(b, &f.work[at.work], at.row*len(at.batch.write)+i); err != nil {
			return err
		}
	}
	for _, b := range g.bonds {
		if !b.later {
			continue
		}
		if err := f.afterwards(b, max(level[b.child], level[b.parent])+1); err != nil {
			return err
		}
	}
	return nil
}

// place is where a new object is inserted.
type place struct {
	batch *batch
	row   int
	work  int
}

// supply gives an argument of a statement the value of a foreign key, now or when it is
// known.
func (f *flush) supply(b *bond, w *work, at int) error {
	v, known, err := b.value()
	if err != nil {
		return err
	}
	if !b.fk.zero(b.fk.at(b.child.obj)) && b.child.snap == nil && b.child.owner != nil {
		have, err := b.fk.value(b.child.obj)
		if err != nil {
			return err
		}
		if !known || !sameValue(have, v) {
			return b.disagree()
		}
	}
	if known {
		w.st.Args[at] = v
	} else {
		from := f.where[b.parent]
		f.holes = append(f.holes, hole{args: w.st.Args, at: at, from: from.batch, row: from.row, f: b.ref})
	}
	w.sets = append(w.sets, setting{b.child, b.fk, at})
	return nil
}

func (b *bond) disagree() error {
	return fmt.Errorf("models: %s and %s were both changed and disagree: change one of them", b.fk.path, b.by)
}

// afterwards writes a foreign key by an UPDATE behind the inserts of both rows.
func (f *flush) afterwards(b *bond, step int) error {
	t := b.child.t
	w := work{recs: []*record{b.child}, fields: []*field{b.fk}, t: t, verb: "update", step: step}
	key := make([]driver.Value, len(t.key))
	w.st.Args = make([]driver.Value, 1+len(key))
	at := f.where[b.child]
	for i, k := range t.key {
		if k.made(t, b.child.obj) {
			f.holes = append(f.holes, hole{args: w.st.Args, at: 1 + i, from: at.batch, row: at.row, f: k})
			continue
		}
		v, err := k.value(b.child.obj)
		if err != nil {
			return err
		}
		w.st.Args[1+i] = v
	}
	w.st.Class = driver.Write
	w.st.SQL = updateText(f.u.e.dialect, t, w.fields, key)
	if err := f.supply(b, &w, 0); err != nil {
		return err
	}
	f.work = append(f.work, w)
	return nil
}

// fill supplies the arguments of a step with keys made in the steps before.
func (f *flush) fill() error {
	for _, h := range f.holes {
		if h.from.back == nil || h.row >= h.from.back.rows {
			continue // made in a step to come
		}
		v, err := h.f.encode(h.f.at(h.from.back.at(h.row)))
		if err != nil {
			return fmt.Errorf("%s: %w", h.f.path, err)
		}
		h.args[h.at] = v
	}
	return nil
}

// levels numbers the steps in which new objects are inserted. Objects that need each
// other's keys in a circle are parted at a foreign key that can be NULL.
func (g *graph) levels(news []*record, rank map[*table]int) (map[*record]int, error) {
	level := make(map[*record]int, len(news))
	if len(g.bonds) == 0 {
		return level, nil
	}
	isNew := make(map[*record]bool, len(news))
	for _, r := range news {
		isNew[r] = true
	}
	waits := map[*record]int{}
	kids := map[*record][]*bond{}
	parents := map[*record][]*bond{}
	for _, b := range g.bonds {
		if isNew[b.child] && b.parent != nil && isNew[b.parent] {
			waits[b.child]++
			kids[b.parent] = append(kids[b.parent], b)
			parents[b.child] = append(parents[b.child], b)
		}
	}
	var ready []*record
	for _, r := range news {
		if waits[r] == 0 {
			ready = append(ready, r)
		}
	}
	done := 0
	free := func(b *bond) {
		if waits[b.child]--; waits[b.child] == 0 {
			ready = append(ready, b.child)
		}
	}
	for {
		for ; len(ready) > 0; ready = ready[1:] {
			done++
			r := ready[0]
			waits[r] = -1
			for _, b := range kids[r] {
				if b.later {
					continue
				}
				need := level[r]
				if _, known, _ := b.value(); !known || rank[r.t] >= rank[b.child.t] {
					need++
				}
				level[b.child] = max(level[b.child], need)
				free(b)
			}
		}
		if done == len(news) {
			break
		}
		b, err := cut(news, waits, parents)
		if err != nil {
			return nil, err
		}
		b.later = true
		free(b)
	}
	g.settle(news, level, rank)
	return level, nil
}

// cut finds a bond of a circle that can wait.
func cut(news []*record, waits map[*record]int, parents map[*record][]*bond) (*bond, error) {
	i := slices.IndexFunc(news, func(r *record) bool { return waits[r] > 0 })
	seen := map[*record]int{}
	var way []*bond
	for r := news[i]; ; {
		if at, ok := seen[r]; ok {
			way = way[at:]
			break
		}
		seen[r] = len(way)
		j := slices.IndexFunc(parents[r], func(b *bond) bool { return !b.later && waits[b.parent] > 0 })
		way = append(way, parents[r][j])
		r = parents[r][j].parent
	}
	for _, b := range way {
		if b.fk.nullable && !b.child.t.isKey(b.fk) {
			return b, nil
		}
	}
	names := make([]string, len(way))
	for i, b := range way {
		names[i] = b.fk.path
	}
	return nil, fmt.Errorf("models: new objects need each other's keys in a circle (%s): one of these foreign keys has to be a pointer, so that it can be NULL at first", strings.Join(names, ", "))
}

// settle sees to foreign keys that are given as plain values: the row that they refer to
// may be new too.
func (g *graph) settle(news []*record, level map[*record]int, rank map[*table]int) {
	for range news {
		most := map[string]int{}
		for _, r := range news {
			most[r.t.facts.Name] = max(most[r.t.facts.Name], level[r])
		}
		moved := false
		raise := func(r *record, to int) {
			if level[r] < to {
				level[r], moved = to, true
			}
		}
		for _, r := range news {
			for i := range r.t.facts.ForeignKeys {
				fk := &r.t.facts.ForeignKeys[i]
				own := r.t.byName[fk.Columns[0]]
				to := most[fk.RefTable]
				if to > level[r] && fk.RefTable != r.t.facts.Name && g.of[bondKey{r, own}] == nil && !own.zero(own.at(r.obj)) && below(rank, r.t, fk.RefTable) {
					raise(r, to)
				}
			}
		}
		for _, b := range g.bonds {
			if b.parent == nil || b.later || b.parent.state != pending {
				continue
			}
			need := level[b.parent]
			if _, known, _ := b.value(); !known || rank[b.parent.t] >= rank[b.child.t] {
				need++
			}
			raise(b.child, need)
		}
		if !moved {
			return
		}
	}
}

// below reports whether t comes behind the table of that name.
func below(rank map[*table]int, t *table, name string) bool {
	for other, n := range rank {
		if other.facts.Name == name {
			return n < rank[t]
		}
	}
	return false
}

// updateText is the UPDATE of columns by key.
func updateText(d dialect.Dialect, t *table, changed []*field, key []driver.Value) string {
	set := make([]byte, 0, 2*len(changed))
	for _, f := range changed {
		set = append(set, byte(f.pos>>8), byte(f.pos))
	}
	return t.texts.get(shape{verb: 'u', dialect: byte(d), write: string(set)}, func() string {
		up := dialect.Update{Source: t.source, Where: t.whereKey(key), Deleted: true}
		if slices.Contains(changed, t.version) && t.version != nil {
			up.Where = append(up.Where, t.whereVersion(driver.Value{}))
		}
		for _, f := range changed {
			up.Set = append(up.Set, dialect.Assign{Column: f.name, Value: dialect.Param{}})
		}
		dw := dialect.NewWriter(d)
		defer dw.Free()
		dw.Update(&up)
		return string(dw.Text())
	})
}
