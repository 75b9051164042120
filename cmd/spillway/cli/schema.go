package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spillwaydb/spillway/cmd/spillway/program"
	"github.com/spillwaydb/spillway/internal/schema"
	"github.com/spillwaydb/spillway/models/migrate"
	"github.com/spillwaydb/spillway/models/migrate/autogen"
)

// initCommand has the flags of "spillway init".
type initCommand struct {
	databaseFlags `embed:""`
	Message       string   `short:"m" default:"initial" placeholder:"TEXT" help:"What the first migration is about. Defaults to ${default}."`
	Dialect       []string `placeholder:"NAME" help:"Write scripts for these databases (sqlite,postgres). Defaults to that of the database."`
}

// Help is what "spillway init --help" says below the flags' overview.
func (initCommand) Help() string {
	return `Makes the folder, a Go file that embeds it, and the first migration: the whole
schema of the models. If the database has exactly these tables already, the migration is
noted as applied and not run.

Then give the files to the program:

  db, err := spillway.Open(ctx, spillway.Config{URL: …, Migrations: migrations.Files})`
}

// Run makes the first migration.
func (cmd *initCommand) Run(ctx context.Context, c *Command) error {
	j, err := c.open(ctx, &cmd.databaseFlags)
	if err != nil {
		return err
	}
	defer j.close()
	p, err := j.describe(ctx)
	if err != nil {
		return err
	}
	res, err := autogen.Init(ctx, autogen.Options{
		Models: p.Models, DB: j.db, Dialects: split(cmd.Dialect), Dir: j.flags.Dir, Message: cmd.Message,
	})
	if err != nil {
		return err
	}
	if res.Present {
		r, err := j.runner(migrate.Options{})
		if err != nil {
			return err
		}
		if err := r.Stamp(ctx, res.Version); err != nil {
			return err
		}
	}
	return j.print(res, func(w io.Writer) {
		j.written(w, res)
		if res.Present {
			fmt.Fprintf(w, "the database has these tables already, exactly so: it was marked as being at %s\n", res.Version)
			return
		}
		fmt.Fprintln(w, "read the script, then apply it with: spillway migrate")
	})
}

// split takes lists apart that were written with commas.
func split(in []string) (out []string) {
	for _, s := range in {
		out = append(out, strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	return out
}

// written lists changes, remarks and files.
func (j *job) written(w io.Writer, res *autogen.Result) {
	for _, line := range res.Changes {
		fmt.Fprintln(w, "  "+line)
	}
	for _, n := range res.Notes {
		fmt.Fprintln(w, j.paint(yellow, "  note: "+n))
	}
	for _, f := range res.Files {
		fmt.Fprintf(w, "%s wrote %s\n", j.paint(green, "✓"), f.Path)
	}
}

// makeCommand has the flags of "spillway makemigrations".
type makeCommand struct {
	databaseFlags `embed:""`
	Message       string   `short:"m" placeholder:"TEXT" help:"What the migration is about. Defaults to its first change."`
	Rename        []string `sep:"none" placeholder:"OLD=NEW" help:"What was renamed: table=table, or table.column=table.column. May be repeated."`
	AllowDrop     bool     `help:"Consent to dropping what no model has any more, with its rows."`
	Fill          []string `sep:"none" placeholder:"T.C=VALUE" help:"What existing rows get in a new column; now is the present, sql:… an expression. May be repeated."`
	Dialect       []string `placeholder:"NAME" help:"Write scripts for these databases (sqlite,postgres). Defaults to those in the folder."`
	Autogenerate  bool     `hidden:"" help:"Accepted for those who come from Alembic; it is always on."`
}

// Help is what "spillway makemigrations --help" says below the flags' overview.
func (makeCommand) Help() string {
	return `Compares the models with the database and writes the script that brings the one to
the other, and back. Nothing is applied; read the script first. On a terminal it asks what
it can not know (was a column renamed? may it be dropped?); elsewhere the flags answer, and
without an answer the exit code is 3.

Also known as: spillway revision --autogenerate`
}

// Run writes a migration.
func (cmd *makeCommand) Run(ctx context.Context, c *Command) error {
	j, r, err := c.openFolder(ctx, &cmd.databaseFlags)
	if err != nil {
		return err
	}
	defer j.close()
	if err := j.current(ctx, r); err != nil {
		return err
	}
	p, err := j.describe(ctx)
	if errors.Is(err, program.ErrNoModels) && cmd.AllowDrop {
		p, err = &program.Program{Models: []*schema.Table{}}, nil // the last model is gone
	}
	if err != nil {
		return err
	}
	o := autogen.Options{
		Models: p.Models, DB: j.db, Dialects: split(cmd.Dialect), Dir: j.flags.Dir, Message: cmd.Message,
		Rename: cmd.Rename, AllowDrop: cmd.AllowDrop, Fill: cmd.Fill,
	}
	res, err := autogen.Create(ctx, o)
	for asked := (*autogen.QuestionsError)(nil); errors.As(err, &asked); asked = nil {
		if err := j.ask(&o, asked.Questions); err != nil {
			return err
		}
		res, err = autogen.Create(ctx, o)
	}
	if err != nil {
		return err
	}
	return j.print(res, func(w io.Writer) {
		j.written(w, res)
		if len(res.Files) == 0 {
			fmt.Fprintln(w, "nothing to do: the database is what the models say")
			return
		}
		fmt.Fprintln(w, "read the script, then apply it with: spillway migrate")
	})
}

// current refuses to plan on a database that is behind or ahead.
func (j *job) current(ctx context.Context, r *migrate.Runner) error {
	s, err := r.Status(ctx)
	if err != nil {
		return err
	}
	if len(s.Unknown) > 0 {
		return fmt.Errorf("the database holds the revision %s, for which there is no file in %s: check out the branch that has it", s.Unknown[0], j.flags.Dir)
	}
	if n := len(s.Pending()); n > 0 {
		return fmt.Errorf("the database is not up to date (%d pending): run spillway migrate first", n)
	}
	return nil
}

// ask has a person answer questions, and puts the answers into o.
func (j *job) ask(o *autogen.Options, questions []autogen.Question) error {
	if !j.interactive() || j.flags.JSON {
		var lines []string
		for _, q := range questions {
			lines = append(lines, fmt.Sprintf("%s (%s)", q.Text, q.Flag))
		}
		return &refusedError{"nothing was written, because nobody can be asked here: " + strings.Join(lines, "; ")}
	}
	var renamed, gone []string // names already decided on
	for _, q := range questions {
		name := q.Table
		if q.Column != "" {
			name += "." + q.Column
		}
		if slices.Contains(renamed, name) {
			continue
		}
		switch q.Kind {
		case autogen.MayBeRenamed:
			to := q.To
			if q.Column != "" {
				to = q.Table + "." + q.To
			}
			yes, err := j.yes(q.Text)
			if err != nil {
				return err
			}
			if yes {
				o.Rename = append(o.Rename, name+"="+to)
				renamed = append(renamed, name)
				gone = slices.DeleteFunc(gone, func(s string) bool { return s == name })
			} else if !slices.Contains(gone, name) {
				gone = append(gone, name)
			}
		case autogen.NeedsConsent:
			gone = append(gone, name)
		case autogen.NeedsFill:
			value, err := j.line(q.Text + " value: ")
			if err != nil {
				return err
			}
			if value == "" {
				return errors.New("nothing was written: the column needs a value")
			}
			o.Fill = append(o.Fill, name+"="+value)
		}
	}
	for _, name := range gone {
		yes, err := j.yes("drop " + name + ", with all it holds?")
		if err != nil {
			return err
		}
		if !yes {
			return fmt.Errorf("nothing was written: %s is to stay, so give it back its model, or its field", name)
		}
		o.Drop = append(o.Drop, name)
	}
	return nil
}

// checkCommand has the flags of "spillway check".
type checkCommand struct {
	databaseFlags `embed:""`
}

// Help is what "spillway check --help" says below the flags' overview.
func (checkCommand) Help() string {
	return `Compares models, migrations and database. The exit code is 1 when they have come
apart: a migration is pending, a change of the models has no migration, or the database is
not what the migrations make.`
}

// drift is the answer of check.
type drift struct {
	Pending  []string          `json:"pending"`
	Unknown  []migrate.Version `json:"unknown"`
	Database []string          `json:"database"`
	Files    []string          `json:"files"`
}

// errDrift ends check with exit code 1; what is to be said was printed.
var errDrift = errors.New("models, migrations and database have come apart")

// Run compares.
func (cmd *checkCommand) Run(ctx context.Context, c *Command) error {
	j, err := c.open(ctx, &cmd.databaseFlags)
	if err != nil {
		return err
	}
	defer j.close()
	p, err := j.describe(ctx)
	if err != nil {
		return err
	}
	r, err := j.runner(migrate.Options{})
	if err != nil {
		return err
	}
	s, err := r.Status(ctx)
	if err != nil {
		return err
	}
	found, err := autogen.Check(ctx, autogen.Options{Models: p.Models, DB: j.db, Dir: j.flags.Dir})
	if err != nil {
		return err
	}
	d := drift{Pending: []string{}, Unknown: append([]migrate.Version{}, s.Unknown...), Database: append([]string{}, found.Database...), Files: append([]string{}, found.Files...)}
	for _, rev := range s.Pending() {
		d.Pending = append(d.Pending, rev.Name)
	}
	clean := len(d.Pending)+len(d.Unknown)+len(d.Database)+len(d.Files) == 0
	if err := j.print(d, func(w io.Writer) {
		list := func(title, what string, lines []string) {
			if len(lines) == 0 {
				return
			}
			fmt.Fprintf(w, "%s (%s):\n", title, what)
			for _, l := range lines {
				fmt.Fprintln(w, "  "+l)
			}
		}
		list("pending migrations", "apply them with spillway migrate", d.Pending)
		var unknown []string
		for _, v := range d.Unknown {
			unknown = append(unknown, v.String())
		}
		list("applied, but without a file", "the database is ahead of this program", unknown)
		list("the models have changed", "write a migration with spillway makemigrations", d.Files)
		if len(d.Pending) == 0 && len(d.Files) == 0 {
			list("the database is not what the models say", "somebody changed it, or a script by hand did", d.Database)
		}
		if clean {
			fmt.Fprintf(w, "%s models, migrations and database agree\n", j.paint(green, "✓"))
		}
	}); err != nil {
		return err
	}
	if !clean {
		return errDrift
	}
	return nil
}
