package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/cmd/spillway/program"
	"github.com/spillwaydb/spillway/models/migrate"
)

// defaultURL is what an empty Config.URL opens.
const defaultURL = "sqlite:app.db"

// exitRefused is the exit code when a person has to decide and nobody can be asked.
const exitRefused = 3

// A refusedError says which flag answers the question that nobody could be asked.
type refusedError struct{ text string }

func (e *refusedError) Error() string { return e.text }

// databaseFlags say which database and which migrations a command is about.
type databaseFlags struct {
	URL     string `placeholder:"URL" help:"Database: sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME. Defaults to SPILLWAY_URL, else to the URL of the program's own Config."`
	Dir     string `default:"migrations" placeholder:"DIR" help:"Folder of the migrations. Defaults to ${default}."`
	Package string `default:"." placeholder:"PACKAGE" help:"Main package of the program that declares the models. Defaults to the one here."`
	Table   string `default:"${version_table}" placeholder:"NAME" help:"Table in which the database remembers what was applied. Defaults to ${default}."`
	JSON    bool   `name:"json" help:"Print the result as one JSON object."`
}

// job is a migration command at work.
type job struct {
	*Command
	flags   *databaseFlags
	program *program.Program // nil until it is needed
	url     string
	db      *spillway.DB
}

// describe finds the models, once.
func (j *job) describe(ctx context.Context) (*program.Program, error) {
	if j.program == nil {
		p, err := program.Describe(ctx, "", j.flags.Package, nil)
		if err != nil {
			return nil, err
		}
		j.program = p
	}
	return j.program, nil
}

// open opens the database.
func (c *Command) open(ctx context.Context, flags *databaseFlags) (*job, error) {
	j := &job{Command: c, flags: flags}
	from := "--url"
	if j.url = flags.URL; j.url == "" {
		j.url, from = c.Getenv(spillway.URLVariable), spillway.URLVariable
	}
	if j.url == "" {
		p, err := j.describe(ctx)
		if errors.Is(err, program.ErrNoModels) {
			return nil, err
		}
		if err != nil {
			return nil, fmt.Errorf("%w (it was asked for its database's URL; --url or %s names one)", err, spillway.URLVariable)
		}
		j.url, from = p.URL, "the Config of the program"
	}
	if j.url == "" {
		j.url, from = defaultURL, "the default, since no Config with a URL is in a package variable of the program"
	}
	db, err := spillway.Open(ctx, spillway.Config{
		URL: j.url, Name: "spillway", Size: 2, Overflow: spillway.NoOverflow, Migrate: spillway.NoMigrations,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, fmt.Errorf("%w (the database's URL is that of %s)", err, from)
	}
	j.db = db
	return j, nil
}

func (j *job) close() { _ = j.db.Close() } // nothing is under way

// masked is the URL without a password.
func (j *job) masked() string { return oneLine(j.url) }

// runner makes the runner of the migrations; o holds what differs from the flags.
func (j *job) runner(o migrate.Options) (*migrate.Runner, error) {
	o.Table = j.flags.Table
	if o.Progress == nil && !j.flags.JSON {
		o.Progress = j.progress
	}
	return migrate.New(j.db, os.DirFS(j.flags.Dir), o)
}

// progress prints what a run does.
func (j *job) progress(e migrate.Event) {
	switch e.Kind {
	case migrate.Waiting:
		fmt.Fprintln(j.Stderr, "another process is migrating the database: waiting for it")
	case migrate.Repeated:
		fmt.Fprintf(j.Stderr, "%s was ended by the database to resolve a deadlock: it begins anew\n", e.File.Name)
	case migrate.Done:
		word, mark := "applied", j.paint(green, "✓")
		if e.Down {
			word, mark = "taken back", j.paint(yellow, "↶")
		}
		fmt.Fprintf(j.Stdout, "%s %s %s (%.2fs)\n", mark, word, e.File.Name, e.Duration.Seconds())
	}
}

// openFolder opens the database for a command that needs the folder of migrations to be
// there. The caller closes the job.
func (c *Command) openFolder(ctx context.Context, flags *databaseFlags) (*job, *migrate.Runner, error) {
	j, err := c.open(ctx, flags)
	if err != nil {
		return nil, nil, err
	}
	r, err := j.runner(migrate.Options{})
	if err == nil {
		err = j.initialized(r)
	}
	if err != nil {
		j.close()
		return nil, nil, err
	}
	return j, r, nil
}

// initialized refuses to go on without migrations.
func (j *job) initialized(r *migrate.Runner) error {
	if len(r.Files()) == 0 {
		return fmt.Errorf("there are no migrations in %s: write the first one with spillway init, or name the folder with --dir", j.flags.Dir)
	}
	return nil
}

// print writes v as JSON if that was asked for, and text otherwise.
func (j *job) print(v any, text func(w io.Writer)) error {
	if !j.flags.JSON {
		text(j.Stdout)
		return nil
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = j.Stdout.Write(append(b, '\n'))
	return err
}

// revision reads a revision of the command line; head is the newest file. Digits that
// begin only one version stand for it.
func revision(r *migrate.Runner, s string) (migrate.Version, error) {
	if s == "head" {
		return r.Head(), nil
	}
	v, err := migrate.ParseVersion(s)
	if err != nil {
		return 0, err
	}
	if _, err := r.File(v); err == nil || v == migrate.Base {
		return v, nil
	}
	var fits []migrate.Version
	for _, f := range r.Files() {
		if strings.HasPrefix(f.Version.String(), s) {
			fits = append(fits, f.Version)
		}
	}
	switch len(fits) {
	case 1:
		return fits[0], nil
	case 0:
		_, err := r.File(v)
		return 0, err
	}
	return 0, fmt.Errorf("%s fits several revisions (%v and %v): write more digits", s, fits[0], fits[1])
}

// done is the answer of the commands that run migrations.
type done struct {
	Current migrate.Version `json:"current"`
	Steps   []doneStep      `json:"steps"`
}

type doneStep struct {
	Version migrate.Version `json:"version"`
	Name    string          `json:"name"`
	Down    bool            `json:"down"`
	Seconds float64         `json:"seconds"`
}

// report prints what a run did.
func (j *job) report(ctx context.Context, r *migrate.Runner, res *migrate.Result) error {
	s, err := r.Status(ctx)
	if err != nil {
		return err
	}
	d := done{Current: s.Current, Steps: []doneStep{}}
	for _, st := range res.Steps {
		d.Steps = append(d.Steps, doneStep{st.File.Version, st.File.Name, st.Down, st.Duration.Seconds()})
	}
	return j.print(d, func(w io.Writer) {
		if len(d.Steps) == 0 {
			fmt.Fprintf(w, "nothing to do: the database is at %s\n", s.Current)
			return
		}
		fmt.Fprintf(w, "the database is at %s\n", s.Current)
	})
}
