package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spillwaydb/spillway/models/migrate"
)

// migrateCommand has the flags of "spillway migrate".
type migrateCommand struct {
	databaseFlags   `embed:""`
	Revision        string `arg:"" optional:"" placeholder:"REVISION" help:"Apply up to this one. Defaults to all."`
	AllowOutOfOrder bool   `help:"Apply files that are older than the newest applied one, as they come with a merged branch."`
}

// Run applies what is pending.
func (cmd *migrateCommand) Run(ctx context.Context, c *Command) error {
	j, err := c.open(ctx, &cmd.databaseFlags)
	if err != nil {
		return err
	}
	defer j.close()
	r, err := j.runner(migrate.Options{AllowOutOfOrder: cmd.AllowOutOfOrder})
	if err != nil {
		return err
	}
	if err := j.initialized(r); err != nil {
		return err
	}
	var res *migrate.Result
	if cmd.Revision == "" {
		res, err = r.Up(ctx)
	} else {
		var v migrate.Version
		if v, err = revision(r, cmd.Revision); err != nil {
			return err
		}
		s, err := r.Status(ctx)
		if err != nil {
			return err
		}
		if v < s.Current {
			return fmt.Errorf("the database is at %s, which is newer than %s: go back with spillway rollback %s", s.Current, v, cmd.Revision)
		}
		if res, err = r.UpTo(ctx, v); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	return j.report(ctx, r, res)
}

// rollbackCommand has the flags of "spillway rollback".
type rollbackCommand struct {
	databaseFlags `embed:""`
	Revision      string `arg:"" optional:"" placeholder:"REVISION" help:"Go back to this one, which stays applied; base takes all back. Defaults to the one before the last."`
	Yes           bool   `short:"y" help:"Do not ask."`
}

// Help is what "spillway rollback --help" says below the flags' overview.
func (rollbackCommand) Help() string {
	return `Takes migrations back, newest first. What they created is dropped, with its rows, so
it asks first; where nobody can be asked it needs --yes.`
}

// Run takes migrations back.
func (cmd *rollbackCommand) Run(ctx context.Context, c *Command) error {
	j, r, err := c.openFolder(ctx, &cmd.databaseFlags)
	if err != nil {
		return err
	}
	defer j.close()
	s, err := r.Status(ctx)
	if err != nil {
		return err
	}
	v := migrate.Version(-1)
	if cmd.Revision != "" {
		if v, err = revision(r, cmd.Revision); err != nil {
			return err
		}
		if v > s.Current {
			return fmt.Errorf("the database is at %s, which is older than %s: go forward with spillway migrate %s", s.Current, v, cmd.Revision)
		}
	}
	var names []string
	for i := len(s.Revisions) - 1; i >= 0; i-- {
		rev := s.Revisions[i]
		if rev.Applied && (v < 0 && len(names) == 0 || v >= 0 && rev.Version > v) {
			names = append(names, rev.Name)
		}
	}
	if len(names) > 0 && !cmd.Yes {
		question := "take back " + strings.Join(names, ", ") + "? What was created is dropped, with its rows."
		if !j.interactive() || j.flags.JSON {
			return &refusedError{question + " Nobody can be asked here: say --yes"}
		}
		yes, err := j.yes(question)
		if err != nil {
			return err
		}
		if !yes {
			return fmt.Errorf("nothing was taken back")
		}
	}
	var res *migrate.Result
	if v < 0 {
		res, err = r.Down(ctx)
	} else {
		res, err = r.DownTo(ctx, v)
	}
	if err != nil {
		return err
	}
	return j.report(ctx, r, res)
}

// statusCommand has the flags of "spillway status".
type statusCommand struct {
	databaseFlags `embed:""`
}

// statusReport is the answer of status.
type statusReport struct {
	URL     string             `json:"url"`
	Pending []migrate.Revision `json:"pending"`
	*migrate.Status
}

// Run tells where the database stands.
func (cmd *statusCommand) Run(ctx context.Context, c *Command) error {
	j, err := c.open(ctx, &cmd.databaseFlags)
	if err != nil {
		return err
	}
	defer j.close()
	r, err := j.runner(migrate.Options{})
	if err != nil {
		return err
	}
	s, err := r.Status(ctx)
	if err != nil {
		return err
	}
	return j.print(statusReport{j.masked(), append([]migrate.Revision{}, s.Pending()...), s}, func(w io.Writer) {
		fmt.Fprintf(w, "database: %s\ncurrent:  %s\n", j.masked(), s.Current)
		if len(s.Revisions) == 0 {
			fmt.Fprintf(w, "there are no migrations in %s: write the first one with spillway init\n", j.flags.Dir)
		}
		for _, rev := range s.Revisions {
			mark := j.paint(yellow, "pending")
			if rev.Applied {
				mark = j.paint(green, "applied")
			}
			here := ""
			if rev.Version == s.Current {
				here = "  ← current"
			}
			fmt.Fprintf(w, "  %s  %s%s\n", mark, rev.Name, here)
		}
		for _, v := range s.Unknown {
			fmt.Fprintf(w, "  %s  %s  (applied, but there is no file for it: the database is ahead of this program)\n", j.paint(red, "unknown"), v)
		}
	})
}

// stampCommand has the flags of "spillway stamp".
type stampCommand struct {
	databaseFlags `embed:""`
	Revision      string `arg:"" placeholder:"REVISION" help:"The revision at which the database is; head is the newest, base none."`
}

// Help is what "spillway stamp --help" says below the flags' overview.
func (stampCommand) Help() string {
	return `Notes that the database is at a revision, and runs nothing: for a database that has
the tables already. Revisions without a file are forgotten.`
}

// Run notes a revision.
func (cmd *stampCommand) Run(ctx context.Context, c *Command) error {
	j, r, err := c.openFolder(ctx, &cmd.databaseFlags)
	if err != nil {
		return err
	}
	defer j.close()
	v, err := revision(r, cmd.Revision)
	if err != nil {
		return err
	}
	if err := r.Stamp(ctx, v); err != nil {
		return err
	}
	return j.print(done{Current: v, Steps: []doneStep{}}, func(w io.Writer) {
		fmt.Fprintf(w, "the database is marked as being at %s\n", v)
	})
}

// sqlCommand has the flags of "spillway sql".
type sqlCommand struct {
	databaseFlags `embed:""`
	Revision      string `arg:"" optional:"" placeholder:"REVISION" help:"Print up to this one. Defaults to the newest."`
	From          string `placeholder:"REVISION" help:"Print what follows this one, whatever the database says; base is the beginning. Defaults to what is pending."`
	Down          bool   `help:"Print the way back instead: from the newest that is applied to the one before, or to REVISION."`
}

// Help is what "spillway sql --help" says below the flags' overview.
func (sqlCommand) Help() string {
	return `Prints the script that migrate, or with --down rollback, would run, with the
statements that note it, for somebody who runs scripts by hand.`
}

// Run prints a script.
func (cmd *sqlCommand) Run(ctx context.Context, c *Command) error {
	j, r, err := c.openFolder(ctx, &cmd.databaseFlags)
	if err != nil {
		return err
	}
	defer j.close()
	o := migrate.ScriptOptions{Down: cmd.Down}
	if cmd.From != "" {
		v, err := revision(r, cmd.From)
		if err != nil {
			return err
		}
		o.From = &v
	}
	if cmd.Revision != "" {
		v, err := revision(r, cmd.Revision)
		if err != nil {
			return err
		}
		o.To = &v
	}
	text, err := r.Script(ctx, o)
	if err != nil {
		return err
	}
	return j.print(map[string]string{"sql": text}, func(w io.Writer) { _, _ = io.WriteString(w, text) })
}
