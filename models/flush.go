package models

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/pool"
)

// flush sends the changes of a unit and, with commit set, commits. Planning reads the
// objects, finish writes to them; what happens between only looks at answers, so an
// object is changed only by a flush that went well.
//
// How it travels: a single statement without a transaction commits by itself. New
// objects alone go out with BEGIN before and COMMIT behind them in one flight. Both may
// share the commit of others, see share. Else BEGIN rides with the statements, and COMMIT
// follows when their answers are known to be right (an UPDATE that finds no row is no error
// to the database). In a transaction that was open before, a savepoint keeps a failure from
// spoiling the rest.
type flush struct {
	u      *Unit
	commit bool

	phase   flushPhase
	op      *pool.Op // what was returned last
	from    int      // the first of work in it
	till    int      // behind the last
	flown   *pool.Op // what carried the changes
	first   int      // its first statement of the work
	work    []work
	graph   *graph            // what relations say
	where   map[*record]place // where new objects are inserted
	holes   []hole
	along   []*record // deleted by the database along with others
	fresh   []*record // of those inserted, the ones with relations
	point   string    // the savepoint
	own     bool      // the transaction was begun by this flush
	alone   bool      // the changes commit by themselves
	worked  bool      // the changes were carried out
	failed  bool      // COMMIT failed
	cleared bool      // after a failure the transaction is as it was before
	err     error
	refused error // by a hook: nothing is sent
}

type flushPhase uint8

const (
	flushPlan flushPhase = iota
	flushWork
	flushCommit
	flushCleanup
	flushEnd
)

// work is one statement of a flush: of a batch of new objects, of one changed object, or
// of deleted ones.
type work struct {
	batch  *batch
	recs   []*record
	fields []*field // what an UPDATE sets
	t      *table
	verb   string
	st     driver.Statement
	now    time.Time
	step   int          // when it is sent: what it needs was made before
	sets   []setting    // foreign keys that follow relations
	marks  []*record    // deleted along with what the statement deletes
	lax    bool         // any number of rows will do
	soft   bool         // rows are marked as deleted
	next   driver.Value // the version that the row gets; NULL: it is not counted
}

// Next implements the middle of link.Chain.
func (f *flush) Next() *pool.Op {
	switch f.phase {
	case flushPlan:
		return f.start()
	case flushWork:
		return f.answered()
	case flushCommit:
		f.err = f.op.Outcome()
		f.failed = f.err != nil
	case flushCleanup:
		f.cleared = f.op.Outcome() == nil
	}
	f.phase = flushEnd
	return nil
}

// end ends the chain without an operation.
func (f *flush) end(err error) *pool.Op {
	f.err, f.phase = err, flushEnd
	return nil
}

func (f *flush) start() *pool.Op {
	u := f.u
	if err := u.ready(); err != nil {
		return f.end(err)
	}
	if f.refused != nil {
		return f.end(f.refused)
	}
	if u.bad != nil {
		err := u.bad
		u.bad = nil
		return f.end(err)
	}
	if err := f.plan(); err != nil {
		return f.end(err)
	}
	if len(f.work) == 0 {
		if !f.commit || u.lease == nil {
			return f.end(nil)
		}
		return f.send(flushCommit, driver.Statement{SQL: "COMMIT", Class: driver.Commit})
	}
	slices.SortStableFunc(f.work, func(a, b work) int { return cmp.Compare(a.step, b.step) })
	for f.till < len(f.work) && f.work[f.till].step == f.work[0].step {
		f.till++
	}
	sts := make([]driver.Statement, 0, f.till+2)
	onlyNew, single := true, f.till == len(f.work)
	for i := range f.work {
		onlyNew = onlyNew && f.work[i].batch != nil
	}
	var behind driver.Statement
	switch {
	case u.lease != nil:
		f.point = u.point()
		sts = append(sts, driver.Statement{SQL: "SAVEPOINT " + f.point, Class: driver.Savepoint})
		if single {
			behind = releaseStatement(f.point)
		}
	case f.commit && len(f.work) == 1:
		f.alone = true
	case f.commit && onlyNew && single:
		f.alone = true
		sts = append(sts, beginStatement(u.e.dialect))
		behind = driver.Statement{SQL: "COMMIT", Class: driver.Commit}
	default:
		f.own = true
		sts = append(sts, beginStatement(u.e.dialect))
	}
	f.first = len(sts)
	for i := range f.work[:f.till] {
		sts = append(sts, f.work[i].st)
	}
	if behind.SQL != "" {
		sts = append(sts, behind)
	}
	op := f.send(flushWork, sts...)
	op.Continuation = false
	if f.own {
		u.begin(op)
	}
	f.flown = op
	f.share(op)
	return op
}

// send makes the next operation.
func (f *flush) send(p flushPhase, sts ...driver.Statement) *pool.Op {
	f.phase = p
	f.op = &pool.Op{Role: driver.Writer, Continuation: true, Label: f.u.options.Label}
	f.op.Statements = sts
	return f.op
}

// more sends the next step, whose arguments are known by now.
func (f *flush) more() *pool.Op {
	if f.err = f.fill(); f.err != nil {
		return nil
	}
	f.from = f.till
	var sts []driver.Statement
	for f.till < len(f.work) && f.work[f.till].step == f.work[f.from].step {
		sts = append(sts, f.work[f.till].st)
		f.till++
	}
	if f.point != "" && f.till == len(f.work) {
		sts = append(sts, releaseStatement(f.point))
	}
	f.first = 0
	return f.send(flushWork, sts...)
}

func releaseStatement(point string) driver.Statement {
	return driver.Statement{SQL: "RELEASE SAVEPOINT " + point, Class: driver.Savepoint}
}

// answered looks at the answers to the work.
func (f *flush) answered() *pool.Op {
	f.err = f.verdict()
	if f.err == nil && f.till < len(f.work) {
		if op := f.more(); op != nil {
			return op
		}
	}
	f.worked = f.err == nil
	switch {
	case f.err == nil && f.commit && !f.alone:
		return f.send(flushCommit, driver.Statement{SQL: "COMMIT", Class: driver.Commit})
	case f.err == nil:
		f.phase = flushEnd
		return nil
	case f.alone:
		f.cleared = true
	case f.own && f.u.lease.Held():
		return f.send(flushCleanup, driver.Statement{SQL: "ROLLBACK", Class: driver.Rollback})
	case f.point != "" && f.from == 0 && f.op.Err() != nil && f.u.lease.Status() == driver.InTx:
		f.cleared = true // it never started
	case f.point != "":
		return f.send(flushCleanup,
			driver.Statement{SQL: "ROLLBACK TO SAVEPOINT " + f.point, Class: driver.Savepoint},
			releaseStatement(f.point))
	}
	f.phase = flushEnd
	return nil
}

// verdict is the first thing that went wrong.
func (f *flush) verdict() error {
	if err := f.op.Err(); err != nil {
		return err
	}
	for i := range f.op.Statements {
		st := &f.op.Statements[i]
		at := f.from + i - f.first
		if i < f.first || at >= f.till {
			if st.Err != nil {
				return st.Err
			}
			continue
		}
		w := &f.work[at]
		switch {
		case st.Err != nil:
			return fmt.Errorf("%s %s: %w", w.verb, w.t.facts.Name, st.Err)
		case w.batch != nil:
			if err := w.batch.check(st); err != nil {
				return err
			}
		case st.Affected != int64(len(w.recs)) && !w.lax:
			return w.stale(st.Affected)
		}
	}
	return nil
}

// plan makes the statements: new objects in the order of foreign keys, changes, and
// deletions in the opposite order.
func (f *flush) plan() error {
	u, now := f.u, clock()
	rank := u.e.registry.ranks()
	d := u.e.dialect

	g, err := u.gather()
	if err != nil {
		return err
	}
	f.graph = g
	if err := f.inserts(g, rank, now); err != nil {
		return err
	}
	last := 0 // changes and deletions go out when all new objects are there
	for i := range f.work {
		last = max(last, f.work[i].step)
	}
	behind, holes := len(f.work), len(f.holes)
	defer func() {
		if len(f.holes) > holes {
			last++ // a foreign key that changes needs the key of a new object
		}
		for i := behind; i < len(f.work); i++ {
			f.work[i].step = last
		}
	}()
	if err := f.partings(g); err != nil {
		return err
	}

	tables := make([]*table, 0, len(u.ids))
	for t := range u.ids {
		tables = append(tables, t)
	}
	slices.SortFunc(tables, func(a, b *table) int {
		return cmp.Or(cmp.Compare(rank[a], rank[b]), cmp.Compare(a.facts.Name, b.facts.Name))
	})
	for _, t := range tables {
		for _, r := range u.ids[t].all {
			if r.state != persistent || g.lost[r] {
				continue
			}
			var few [8]*field
			changed, refs, err := g.moved(r, r.changed(few[:0]))
			if err != nil {
				return err
			}
			if len(changed) > 0 {
				w, err := update(d, r, slices.Clone(changed), now)
				if err != nil {
					return err
				}
				for _, b := range refs {
					if err := f.supply(b, &w, slices.Index(w.fields, b.fk)); err != nil {
						return err
					}
				}
				f.work = append(f.work, w)
			}
		}
	}

	doomed := append(slices.Clone(u.doomed), g.orphans...)
	if err := f.downward(doomed); err != nil {
		return err
	}
	slices.SortStableFunc(doomed, func(a, b *record) int { return cmp.Compare(rank[b.t], rank[a.t]) })
	for len(doomed) > 0 {
		n := 1
		for n < len(doomed) && doomed[n].t == doomed[0].t && len(doomed[0].t.key) == 1 && doomed[0].t.version == nil && doomed[n].softly() == doomed[0].softly() {
			n++
		}
		w, err := deletion(d, doomed[:n], now)
		if err != nil {
			return err
		}
		f.work, doomed = append(f.work, w), doomed[n:]
	}
	return nil
}

// update makes the UPDATE of one object.
func update(d dialect.Dialect, r *record, changed []*field, now time.Time) (work, error) {
	t := r.t
	w := work{recs: []*record{r}, t: t, verb: "update", now: now}
	for _, s := range t.stamps {
		if s.updated && (r.snap == nil || !slices.Contains(changed, s)) {
			changed = append(slices.DeleteFunc(changed, func(f *field) bool { return f == s }), s)
		}
	}
	var version driver.Value
	if t.version != nil {
		changed = append(slices.DeleteFunc(changed, func(f *field) bool { return f == t.version }), t.version)
		var err error
		if version, w.next, err = t.counted(r.obj); err != nil {
			return w, err
		}
	}
	w.fields = changed
	for _, f := range changed {
		v, err := f.value(r.obj)
		if err != nil {
			return w, err
		}
		if w.stamps(f) {
			v = driver.Time(now)
		}
		if f == t.version {
			v = w.next
		}
		w.st.Args = append(w.st.Args, v)
	}
	key, err := r.keyValues()
	if err != nil {
		return w, err
	}
	w.st.Args = append(w.st.Args, key...)
	if t.version != nil {
		w.st.Args = append(w.st.Args, version)
	}
	w.st.Class = driver.Write
	w.st.SQL = updateText(d, t, changed, key)
	return w, nil
}

// stamps reports whether the clock gives the field its value in this UPDATE.
func (w *work) stamps(f *field) bool {
	if !f.updated {
		return false
	}
	r := w.recs[0]
	return r.snap == nil || f.same(f.at(r.obj), f.at(r.snap))
}

// keyValues encodes the key that the row of a record has, which is not the object's if
// that was changed.
func (r *record) keyValues() ([]driver.Value, error) {
	from := r.obj
	if r.snap != nil {
		from = r.snap
	}
	vals := make([]driver.Value, len(r.t.key))
	for i, k := range r.t.key {
		v, err := k.value(from)
		if err != nil {
			return nil, err
		}
		vals[i] = v
	}
	return vals, nil
}

// deletion makes the DELETE of records of one table, or the UPDATE that marks them as
// deleted: of many by one key column, of one by several or by its version too.
func deletion(d dialect.Dialect, rs []*record, now time.Time) (work, error) {
	t := rs[0].t
	w := work{recs: rs, t: t, verb: "delete from", now: now, soft: rs[0].softly()}
	var keys []driver.Value
	for _, r := range rs {
		key, err := r.keyValues()
		if err != nil {
			return w, err
		}
		keys = append(keys, key...)
	}
	where := t.whereKey(keys[:len(t.key)])
	if len(rs) > 1 {
		where = []dialect.Node{dialect.In{X: dialect.Column{Source: t.source, Name: t.key[0].name}, Values: keys}}
	}
	var set []dialect.Assign
	if w.soft {
		w.verb = "mark as deleted in"
		set = append(set, dialect.Assign{Column: t.soft.name, Value: dialect.Param{Value: t.markValue(now)}})
	}
	if t.version != nil {
		version, next, err := t.counted(rs[0].obj)
		if err != nil {
			return w, err
		}
		where = append(where, t.whereVersion(version))
		set = append(set, dialect.Assign{Column: t.version.name, Value: dialect.Param{Value: next}})
	}
	dw := dialect.NewWriter(d)
	defer dw.Free()
	if w.soft {
		dw.Update(&dialect.Update{Source: t.source, Set: set, Where: where, Deleted: true})
	} else {
		dw.Delete(&dialect.Delete{Source: t.source, Where: where, Deleted: true})
	}
	w.st = driver.Statement{SQL: intern(dw.Text()), Args: dw.Args(), Class: driver.Write}
	return w, nil
}

// stale is the error of rows that are not there any more as the objects have them.
func (w *work) stale(found int64) error {
	what := "was deleted"
	if w.t.version != nil {
		what = "was changed or deleted"
	}
	if len(w.recs) == 1 {
		return fmt.Errorf("%w: %s %s: the row of this %s %s meanwhile", ErrStale, w.verb, w.t.facts.Name, w.t.facts.Model, what)
	}
	return fmt.Errorf("%w: %s %s: of the rows of %d objects of %s only %d are left", ErrStale, w.verb, w.t.facts.Name, len(w.recs), w.t.facts.Model, found)
}
