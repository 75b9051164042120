package autogen

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spillwaydb/spillway/models/migrate"
)

// A Result is a migration that was written, or would be.
type Result struct {
	// Version is its revision; Base when there is nothing to do.
	Version migrate.Version `json:"version"`
	// Changes tells in words what it does, one line each; none when the schema is what
	// the models say.
	Changes []string `json:"changes"`
	// Notes are remarks: what may fail on the rows of a database, and what is lost.
	Notes []string `json:"notes,omitempty"`
	// Files are the scripts, one for each database.
	Files []File `json:"files"`
	// Present, of [Init] with a database: its tables are there already and are exactly
	// what the migration makes, so that it should be stamped rather than run.
	Present bool `json:"present,omitempty"`
}

// Create compares the models with the database, or without one with the models of the
// newest migration, and writes the migration that brings the one to the other. When there
// is nothing to do it writes nothing, and Result.Changes is empty.
//
// What only a person can decide (was this column renamed? may it be dropped? which value
// do existing rows get?) is an error: a *[QuestionsError], with nothing written. Put the
// answers into o and call again.
//
// The scripts are proved on a scratch database before they are written, if there is one:
// see the package comment. The database itself is only read.
//
// The migrations in o.Dir should have been applied to the database: what is pending would
// be planned a second time.
func Create(ctx context.Context, o Options) (*Result, error) {
	r, f, err := plan(ctx, &o)
	if err != nil || len(r.Files) == 0 {
		return r, err
	}
	return r, f.write(r.Files, o.Models)
}

// Plan is [Create] that writes nothing.
func Plan(ctx context.Context, o Options) (*Result, error) {
	r, _, err := plan(ctx, &o)
	return r, err
}

func plan(ctx context.Context, o *Options) (*Result, *folder, error) {
	f, ds, err := o.prepare()
	if err != nil {
		return nil, nil, err
	}
	var works []*work
	for i, d := range ds {
		w := &work{dialect: d, models: o.Models, managed: f.managed(d)}
		if i == 0 {
			w.db = o.DB
		}
		if w.db == nil {
			if w.old, err = f.oldFor(d); err != nil {
				return nil, nil, err
			}
		}
		if w.answers, err = newAnswers(o, d); err != nil {
			return nil, nil, err
		}
		if err := w.run(ctx); err != nil {
			return nil, nil, err
		}
		works = append(works, w)
	}
	r, err := result(works, f, o)
	return r, f, err
}

// result gathers what the plans for all databases say.
func result(works []*work, f *folder, o *Options) (*Result, error) {
	r := &Result{}
	var questions []Question
	for _, w := range works {
		for _, x := range w.questions {
			if !slices.ContainsFunc(questions, func(y Question) bool {
				return x.Flag == y.Flag && x.Kind == y.Kind && x.Table == y.Table && x.Column == y.Column
			}) {
				questions = append(questions, x)
			}
		}
		if len(r.Changes) == 0 { // the others say the same in other types
			r.Changes = w.changes
		}
		for _, n := range w.notes {
			if !slices.Contains(r.Notes, n) {
				r.Notes = append(r.Notes, n)
			}
		}
	}
	if len(questions) > 0 {
		return nil, &QuestionsError{questions}
	}
	if len(r.Changes) == 0 {
		return r, nil
	}
	message := o.Message
	if message == "" {
		message = r.Changes[0]
		if n := len(r.Changes); n > 1 {
			message += fmt.Sprintf(" and %d more", n-1)
		}
	}
	r.Version = migrate.NewVersion(o.Now, f.last())
	for _, w := range works {
		r.Files = append(r.Files, w.file(f, r.Version, message))
	}
	return r, nil
}

// ErrInitialized: there are migrations already.
var ErrInitialized = errors.New("autogen: there are migrations already")

// Init makes the folder, with a Go file that embeds it, and writes the first migration:
// the whole schema of the models, from nothing, whatever the database holds already. If
// that is exactly the same, Result.Present says so: then stamp the version instead of
// running it. With migrations in the folder the error is [ErrInitialized].
func Init(ctx context.Context, o Options) (*Result, error) {
	f, ds, err := o.prepare()
	if err != nil {
		return nil, err
	}
	if f.last() > 0 {
		return nil, fmt.Errorf("%w in %s: go on with makemigrations and migrate", ErrInitialized, f.dir)
	}
	if o.Message == "" {
		o.Message = "initial"
	}
	var works []*work
	for i, d := range ds {
		w := &work{dialect: d, models: o.Models, answers: &answers{}}
		if i == 0 {
			w.db = o.DB
		}
		if err := w.first(ctx); err != nil {
			return nil, err
		}
		works = append(works, w)
	}
	r, err := result(works, f, &o)
	if err != nil {
		return nil, err
	}
	if o.DB != nil && len(r.Changes) > 0 {
		d, err := Check(ctx, o)
		if err != nil {
			return nil, err
		}
		r.Present = len(d.Database) == 0
	}
	if err := f.write(r.Files, o.Models); err != nil {
		return nil, err
	}
	_, err = f.writeEmbed()
	return r, err
}

// first plans the first migration.
func (w *work) first(ctx context.Context) error {
	want, err := desired(ctx, w.dialect, w.db, w.models)
	if err != nil {
		return err
	}
	nothing := &state{dialect: w.dialect, rough: want.rough}
	forth, err := planFor(compare(nothing, want), nil, true)
	if err != nil {
		return err
	}
	back, err := planFor(compare(want, nothing), nil, false)
	if err != nil {
		return err
	}
	w.whole, w.from, w.want = nothing, nothing, want
	w.changes, w.up, w.down = compare(nothing, want).words(), forth.stmts, back.stmts
	return w.verify(ctx)
}

// A Drift says where models, migrations and database have come apart. All of it is empty
// when they have not.
type Drift struct {
	// Database is what the database lacks to be what the models say, in words. It is nil
	// without a database.
	Database []string `json:"database"`
	// Files is what the newest migration lacks to lead to the models. It is nil when
	// models.json is not there.
	Files []string `json:"files"`
}

// Empty reports whether nothing has come apart.
func (d *Drift) Empty() bool { return len(d.Database)+len(d.Files) == 0 }

// Check compares the models with the database, if o names one, and with the newest
// migration. It changes nothing. Unlike the check when a program starts it sees
// everything: types, defaults, constraints, indexes.
func Check(ctx context.Context, o Options) (*Drift, error) {
	f, ds, err := o.prepare()
	if err != nil {
		return nil, err
	}
	drift := &Drift{}
	if o.DB != nil {
		w := &work{dialect: ds[0], db: o.DB, models: o.Models, managed: f.managed(ds[0]), answers: &answers{}}
		if err := w.find(ctx); err != nil {
			return nil, err
		}
		drift.Database = w.changes
	}
	if f.old != nil {
		for _, d := range ds {
			w := &work{dialect: d, models: o.Models, old: f.old, managed: f.managed(d), answers: &answers{}}
			if err := w.find(ctx); err != nil {
				return nil, err
			}
			for _, x := range w.changes {
				if !slices.Contains(drift.Files, x) {
					drift.Files = append(drift.Files, x)
				}
			}
		}
	}
	return drift, nil
}
