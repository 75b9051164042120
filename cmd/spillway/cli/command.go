package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/cmd/spillway/demo"
	"github.com/spillwaydb/spillway/models/migrate"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// A Command is one call of the program.
type Command struct {
	Args           []string  // without the program's name
	Stdin          io.Reader // nil for none: then nobody can be asked
	Stdout, Stderr io.Writer
	Getenv         func(string) string

	answers  *bufio.Reader // over Stdin, once something was asked
	terminal bool          // Stdin counts as a terminal
}

// grammar is the command line: kong reads it from the tags.
type grammar struct {
	Show kong.VersionFlag `name:"version" help:"Print the version."`

	Init           initCommand     `cmd:"" help:"Make the folder of migrations and the first one, with the current schema."`
	Makemigrations makeCommand     `cmd:"" aliases:"revision" help:"Write a migration that brings the database to what the models say."`
	Migrate        migrateCommand  `cmd:"" help:"Apply pending migrations."`
	Rollback       rollbackCommand `cmd:"" help:"Take migrations back."`
	Status         statusCommand   `cmd:"" help:"Show where the database stands."`
	Check          checkCommand    `cmd:"" help:"Fail if models, migrations and database have come apart."`
	SQL            sqlCommand      `cmd:"" name:"sql" help:"Print the script that migrate or rollback would run."`
	Stamp          stampCommand    `cmd:"" help:"Note that the database is at a revision, and run nothing."`

	Demo    demoCommand    `cmd:"" help:"Index Go source code in a database and answer questions about it."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

const description = "An async data layer for Go: its demo, and tools for programs that use it."

// Main runs the command and returns the exit code. It ends early on an interrupt.
func Main(c Command) int {
	ctx, stop := withSignals(context.Background())
	defer stop()
	return c.run(ctx)
}

// parser makes the parser of the command line.
func (c *Command) parser(helped *bool) (*kong.Kong, error) {
	return kong.New(&grammar{},
		kong.Name("spillway"),
		kong.Description(description),
		kong.Writers(c.Stdout, c.Stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.ShortUsageOnError(),
		// Asked for help, kong prints it and wants to exit; parsing goes on instead, and
		// what it finds wrong no longer matters.
		kong.Exit(func(int) { *helped = true }),
		kong.Vars{"demo_url": demo.DefaultURL, "version": versionLine(), "version_table": migrate.DefaultTable},
	)
}

func (c *Command) run(ctx context.Context) int {
	helped := false
	parser, err := c.parser(&helped)
	if err != nil {
		return c.fail(err)
	}
	if len(c.Args) == 0 {
		parser.Stdout = c.Stderr
		parser.Parse([]string{"--help"})
		return exitUsage
	}
	args := c.Args
	if args[0] == "help" { // as with the go command
		args = append(slices.Clone(args[1:]), "--help")
	}
	parsed, err := parser.Parse(args)
	if helped {
		return exitOK
	}
	if err != nil {
		return c.fail(&demo.UsageError{Err: err})
	}
	parsed.Bind(c)
	parsed.BindTo(ctx, (*context.Context)(nil))
	if err := parsed.Run(); err != nil {
		return c.fail(c.cause(ctx, err))
	}
	return exitOK
}

// cause is the signal if one ended the work, else err.
func (c *Command) cause(ctx context.Context, err error) error {
	if s := (*signalError)(nil); errors.As(context.Cause(ctx), &s) {
		return s
	}
	return err
}

// fail prints err in one line and returns the exit code for it.
func (c *Command) fail(err error) int {
	fmt.Fprintln(c.Stderr, "spillway: "+strings.TrimPrefix(oneLine(err.Error()), "spillway: "))
	if s := (*signalError)(nil); errors.As(err, &s) {
		return s.exitCode()
	}
	if u := (*demo.UsageError)(nil); errors.As(err, &u) || errors.Is(err, spillway.ErrConfig) {
		return exitUsage
	}
	if r := (*refusedError)(nil); errors.As(err, &r) {
		return exitRefused
	}
	return exitFailure
}

// secrets are the user information of URLs, to the last @ since an unescaped password may
// hold any character, and the passwords of key=value lists.
var (
	userInfo = regexp.MustCompile(`://.*@`)
	password = regexp.MustCompile(`(?i)(password=)('[^']*'?|[^\s&]*)`)
)

// oneLine folds text into one line without passwords: what is misspelled on the command
// line ends up in the parser's message.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return password.ReplaceAllString(userInfo.ReplaceAllString(s, "://…@"), "$1…")
}
