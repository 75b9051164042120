package autogen

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
)

// A work is planning one migration for one database.
type work struct {
	dialect dialect.Dialect
	db      Database // nil: plan from old alone
	models  []*schema.Table
	old     []*schema.Table // the models of the newest migration
	managed []string        // the tables that had a model
	answers *answers

	want        *state // what the models say
	whole, from *state // the database, and of it what the models have to do with
	renames     []rename
	moved       *state // from after the renames
	diff        *difference

	up, down  []string
	changes   []string
	notes     []string
	questions []Question
	verified  bool
}

// find finds what has to change.
func (w *work) find(ctx context.Context) (err error) {
	if w.want, err = desired(ctx, w.dialect, w.db, w.models); err != nil {
		return err
	}
	if err = w.start(ctx); err != nil {
		return err
	}
	if w.renames, err = renames(w.answers.renames, w.from, w.want, w.models); err != nil {
		return err
	}
	if w.moved, err = w.move(ctx); err != nil {
		return err
	}
	w.diff = compare(w.moved, w.want)
	for _, r := range w.renames {
		w.changes = append(w.changes, r.words())
	}
	w.changes = append(w.changes, w.diff.words()...)
	return nil
}

// run plans, and proves the plan where there is a database to do it in.
func (w *work) run(ctx context.Context) error {
	if err := w.find(ctx); err != nil || len(w.changes) == 0 {
		return err
	}
	w.questions = w.answers.ask(w.diff)
	forth, err := planFor(w.diff, w.answers.fills, true)
	if err != nil {
		return err
	}
	w.questions = append(w.questions, forth.missing...)
	if len(w.questions) > 0 {
		return nil
	}
	if err := w.viewsInTheWay(); err != nil {
		return err
	}
	w.want.triggers, w.want.views = w.moved.triggers, w.moved.views
	back, err := planFor(compare(w.want, w.moved), nil, false)
	if err != nil {
		return err
	}
	w.notes = append(forth.notes, lint(w.diff)...)
	for _, r := range w.renames {
		w.up = append(w.up, r.up())
	}
	w.up = headed(append(w.up, forth.stmts...), forth.rebuilds)
	w.down = back.stmts
	for _, r := range slices.Backward(w.renames) {
		w.down = append(w.down, r.back().up())
	}
	w.down = headed(w.down, back.rebuilds)
	return w.verify(ctx)
}

// headed puts the guard for foreign keys in front.
func headed(stmts []string, rebuilds bool) []string {
	if rebuilds {
		return append(slices.Clone(foreignKeyGuard), stmts...)
	}
	return stmts
}

// start finds where the migration begins.
func (w *work) start(ctx context.Context) (err error) {
	if w.db == nil {
		w.whole, err = build(w.dialect, w.old)
	} else {
		w.whole, err = current(ctx, w.dialect, w.db)
	}
	if err == nil {
		w.from = w.ours(w.whole)
	}
	return err
}

// ours leaves out what the models never had to do with.
func (w *work) ours(s *state) *state {
	names := slices.Clone(w.managed)
	for _, m := range w.models {
		names = append(names, m.Name)
	}
	for _, r := range w.answers.renames {
		from, _, _ := strings.Cut(r, "=")
		if !strings.Contains(from, ".") {
			names = append(names, from) // whoever names it, owns it
		}
	}
	s = s.only(func(name string) bool { return slices.Contains(names, name) })
	for i, t := range s.tables {
		u := *t
		u.parts = slices.DeleteFunc(slices.Clone(t.parts), func(p *part) bool {
			return p.kind == foreign && s.dialect == dialect.Postgres && !slices.Contains(names, p.ref)
		})
		s.tables[i] = &u
	}
	return s
}

// move carries the renames out, on a scratch copy where there is one.
func (w *work) move(ctx context.Context) (*state, error) {
	from, rs := w.from, w.renames
	if len(rs) == 0 {
		return from, nil
	}
	s, err := newScratch(ctx, w.dialect, w.db)
	if errors.Is(err, errNoScratch) {
		if w.db != nil {
			return nil, errors.New("autogen: a rename needs a role that may create a schema, to be tried out in: grant CREATE on the database, or run this as another role")
		}
		facts := w.old
		for _, r := range rs {
			facts = r.apply(facts)
		}
		return build(w.dialect, facts)
	}
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := s.copy(ctx, w.copied()); err != nil {
		return nil, fmt.Errorf("autogen: copy the schema to a scratch database: %w", err)
	}
	for _, r := range rs {
		if err := s.run(ctx, []string{r.up()}); err != nil {
			return nil, fmt.Errorf("autogen: %s: %w", r.words(), err)
		}
	}
	st, err := s.state(ctx)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(from.tables))
	for _, t := range from.tables {
		name := t.name
		for _, r := range rs {
			if r.column == "" && r.table == name {
				name = r.to
			}
		}
		names = append(names, name)
	}
	return st.only(func(name string) bool { return slices.Contains(names, name) }), nil
}

// copied is what a scratch database gets: on SQLite everything, since triggers and views
// may speak of any table.
func (w *work) copied() *state {
	if w.dialect == dialect.SQLite {
		return w.whole
	}
	return w.from
}

// verify proves the script on a scratch database: forth to exactly the models, and back
// to exactly what was.
func (w *work) verify(ctx context.Context) error {
	s, err := newScratch(ctx, w.dialect, w.db)
	if errors.Is(err, errNoScratch) {
		w.notes = append(w.notes, "not tried out: there was no database to do it in")
		return nil
	}
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.copy(ctx, w.copied()); err != nil {
		return fmt.Errorf("autogen: copy the schema to a scratch database: %w", err)
	}
	names := slices.Clone(w.managed)
	for _, t := range slices.Concat(w.from.tables, w.want.tables) {
		names = append(names, t.name)
	}
	prove := func(way string, stmts []string, to *state) error {
		if err := s.run(ctx, stmts); err != nil {
			return fmt.Errorf("autogen: the migration does not work on a scratch database: %s: %w", way, err)
		}
		have, err := s.state(ctx)
		if err != nil {
			return err
		}
		have = have.only(func(name string) bool { return slices.Contains(names, name) })
		if left := compare(have, to).words(); len(left) > 0 {
			return fmt.Errorf("autogen: the migration does not lead where it should: %s leaves this to do: %s", way, strings.Join(left, "; "))
		}
		if len(have.triggers) != len(w.whole.triggers) {
			return fmt.Errorf("autogen: the migration loses a trigger: %s", way)
		}
		return nil
	}
	if err := prove("the way up", w.up, w.want); err != nil {
		return err
	}
	if err := prove("the way down", w.down, w.from); err != nil {
		return err
	}
	w.verified = true
	return nil
}

// viewsInTheWay refuses what Postgres would refuse because a view stands in the way.
func (w *work) viewsInTheWay() error {
	for _, u := range w.whole.uses {
		for _, r := range w.renames { // views follow renames
			if r.column == "" && r.table == u.table {
				u.table = r.to
			} else if r.table == u.table && r.column == u.column {
				u.column = r.to
			}
		}
		bad := slices.ContainsFunc(w.diff.drop, func(t *table) bool { return t.name == u.table })
		for _, x := range w.diff.alter {
			if x.to.name != u.table {
				continue
			}
			bad = bad || slices.ContainsFunc(x.drop, func(c *column) bool { return c.name == u.column })
			bad = bad || slices.ContainsFunc(x.alter, func(c columnChange) bool { return c.to.name == u.column && (c.typ || c.gen) })
		}
		if bad {
			return fmt.Errorf("%w: view %s uses %s.%s, which is to be dropped or to get another type: drop the view first, by a migration of your own, and make it again behind this one",
				ErrRefused, u.view, u.table, u.column)
		}
	}
	return nil
}
