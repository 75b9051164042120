package migrate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// ErrUsage: the words given to [Main] are no command.
var ErrUsage = errors.New("want migrate [REVISION], rollback [REVISION], status, or stamp REVISION")

// Main is a command for migrations inside a program, so that what is deployed can migrate
// its database with nothing else beside it:
//
//	if len(os.Args) > 1 && os.Args[1] == "db" {
//		err = migrate.Main(ctx, db, migrations.Files, os.Args[2:], os.Stdout)
//	}
//
// makes ./app db migrate, ./app db rollback, ./app db status and ./app db stamp. Open the
// database with Migrate: spillway.NoMigrations for it, so that it does not run by itself
// first. What it does is written to out as plain text. A revision is the number of a
// file, base or head. It asks nothing.
func Main(ctx context.Context, db Database, files fs.FS, args []string, out io.Writer) error {
	r, err := New(db, files, Options{Progress: func(e Event) {
		switch {
		case e.Kind == Waiting:
			fmt.Fprintln(out, "another process is migrating the database: waiting for it")
		case e.Kind == Repeated:
			fmt.Fprintf(out, "%s was ended by the database to resolve a deadlock: it begins anew\n", e.File.Name)
		case e.Kind == Done && e.Down:
			fmt.Fprintf(out, "taken back %s (%.2fs)\n", e.File.Name, e.Duration.Seconds())
		case e.Kind == Done:
			fmt.Fprintf(out, "applied %s (%.2fs)\n", e.File.Name, e.Duration.Seconds())
		}
	}})
	if err != nil {
		return err
	}
	if len(args) == 0 || len(args) > 2 {
		return fmt.Errorf("migrate: %w", ErrUsage)
	}
	var v Version
	given := len(args) == 2
	switch {
	case given && args[1] == "head":
		v = r.Head()
	case given:
		if v, err = ParseVersion(args[1]); err != nil {
			return err
		}
	}
	switch {
	case args[0] == "migrate" && given:
		_, err = r.UpTo(ctx, v)
	case args[0] == "migrate":
		_, err = r.Up(ctx)
	case args[0] == "rollback" && given:
		_, err = r.DownTo(ctx, v)
	case args[0] == "rollback":
		_, err = r.Down(ctx)
	case args[0] == "stamp" && given:
		err = r.Stamp(ctx, v)
	case args[0] == "status" && !given:
	default:
		return fmt.Errorf("migrate: %w", ErrUsage)
	}
	if err != nil {
		return err
	}
	return writeStatus(ctx, r, out, args[0] == "status")
}

// writeStatus tells where the database stands, in one line or with all revisions.
func writeStatus(ctx context.Context, r *Runner, out io.Writer, all bool) error {
	s, err := r.Status(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "the database is at %s\n", s.Current)
	if !all {
		return nil
	}
	for _, rev := range s.Revisions {
		word := "pending"
		if rev.Applied {
			word = "applied"
		}
		fmt.Fprintf(out, "  %s  %s\n", word, rev.Name)
	}
	for _, v := range s.Unknown {
		fmt.Fprintf(out, "  unknown  %s (applied, but there is no file for it: the database is ahead of this program)\n", v)
	}
	return nil
}
