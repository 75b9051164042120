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

	up, down  []string
	changes   []string
	notes     []string
	questions []Question
	verified  bool
}

// run plans, and proves the plan where there is a database to do it in.
func (w *work) run(ctx context.Context) error {
	want, err := desired(ctx, w.dialect, w.db, w.models)
	if err != nil {
		return err
	}
	from, whole, err := w.start(ctx)
	if err != nil {
		return err
	}
	rs, err := renames(w.answers.renames, from, want, w.models)
	if err != nil {
		return err
	}
	moved, err := w.moved(ctx, from, whole, rs)
	if err != nil {
		return err
	}
	diff := compare(moved, want)
	w.changes = diff.words()
	for _, r := range slices.Backward(rs) {
		w.changes = append([]string{r.words()}, w.changes...)
	}
	if len(w.changes) == 0 {
		return nil
	}
	w.questions = w.answers.ask(diff)
	forth, err := planFor(diff, w.answers.fills, true)
	if err != nil {
		return err
	}
	w.questions = append(w.questions, forth.missing...)
	if len(w.questions) > 0 {
		return nil
	}
	want.triggers, want.views = moved.triggers, moved.views
	back, err := planFor(compare(want, moved), nil, false)
	if err != nil {
		return err
	}
	w.notes = append(forth.notes, lint(diff)...)
	for _, r := range rs {
		w.up = append(w.up, r.up())
	}
	w.up = headed(append(w.up, forth.stmts...), forth.rebuilds)
	w.down = slices.Clone(back.stmts)
	for _, r := range slices.Backward(rs) {
		w.down = append(w.down, r.back().up())
	}
	w.down = headed(w.down, back.rebuilds)
	return w.verify(ctx, whole, from, want)
}

// headed puts the guard for foreign keys in front.
func headed(stmts []string, rebuilds bool) []string {
	if rebuilds {
		return append(slices.Clone(foreignKeyGuard), stmts...)
	}
	return stmts
}

// start is where the migration begins: the tables of models, old and new, and the whole
// database they stand in.
func (w *work) start(ctx context.Context) (from, whole *state, err error) {
	if w.db == nil {
		whole, err = build(w.dialect, w.old)
	} else {
		whole, err = current(ctx, w.dialect, w.db)
	}
	if err != nil {
		return nil, nil, err
	}
	return w.ours(whole), whole, nil
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

// moved is from after the renames.
func (w *work) moved(ctx context.Context, from, whole *state, rs []rename) (*state, error) {
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
	if err := s.copy(ctx, w.copied(from, whole)); err != nil {
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
func (w *work) copied(from, whole *state) *state {
	if w.dialect == dialect.SQLite {
		return whole
	}
	return from
}

// verify proves the script on a scratch database: forth to exactly the models, and back
// to exactly what was.
func (w *work) verify(ctx context.Context, whole, from, want *state) error {
	s, err := newScratch(ctx, w.dialect, w.db)
	if errors.Is(err, errNoScratch) {
		w.notes = append(w.notes, "not tried out: there was no database to do it in")
		return nil
	}
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.copy(ctx, w.copied(from, whole)); err != nil {
		return fmt.Errorf("autogen: copy the schema to a scratch database: %w", err)
	}
	names := slices.Clone(w.managed)
	for _, t := range slices.Concat(from.tables, want.tables) {
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
		if len(have.triggers) != len(whole.triggers) {
			return fmt.Errorf("autogen: the migration loses a trigger: %s", way)
		}
		return nil
	}
	if err := prove("the way up", w.up, want); err != nil {
		return err
	}
	if err := prove("the way down", w.down, from); err != nil {
		return err
	}
	w.verified = true
	return nil
}
