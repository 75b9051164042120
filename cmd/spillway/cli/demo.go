package cli

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/cmd/spillway/demo"
)

// demoCommand has the flags of "spillway demo".
type demoCommand struct {
	URL      string `env:"SPILLWAY_DEMO_URL" default:"${demo_url}" placeholder:"URL" help:"Database to fill: sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME. Defaults to ${default}."`
	Src      string `type:"path" placeholder:"DIR" help:"Source tree to index. Defaults to the standard library of the go command."`
	Name     string `default:"String" help:"Ask who declares most methods of this name. Defaults to ${default}."`
	JSON     bool   `name:"json" help:"Print the report as one JSON object."`
	Listen   string `placeholder:"ADDRESS" help:"Serve the index, the pool's pictures, /metrics and /healthz at this address, such as :8080 or localhost:8080, until interrupted."`
	Size     int    `default:"0" placeholder:"N" help:"Connections the pool keeps. Defaults to 10."`
	Overflow int    `default:"0" placeholder:"N" help:"Connections it opens above that under load. Defaults to 20."`
	Fixed    bool   `name:"no-overflow" help:"Open no connection above --size."`
}

// Help is what "spillway demo --help" says below the flags' overview.
func (demoCommand) Help() string {
	return `Finds the Go standard library of this machine, parses its files with many
goroutines and writes packages, files, declarations and imports into a database through
async sessions. Then it asks questions, all at once, and prints a report.

The database is kept. A second run compares sizes and modification times and writes
only what changed; over an unchanged tree it writes nothing. The database holds one tree:
files of another one are replaced.

With --listen, whoever can reach the address can read the index and its source files.

SPILLWAY_URL is not read, so that an application's database is not filled by accident.

Examples:

  spillway demo
  spillway demo --listen localhost:8080
  spillway demo --json | jq .rows_written
  spillway demo --url postgres://postgres@localhost/demo
  spillway demo --src ~/src/my-project --url sqlite:my-project.db`
}

// Validate checks what can be checked without a database.
func (d *demoCommand) Validate() error {
	switch {
	case d.Size < 0:
		return errors.New("--size: want at least 1, or 0 for the default")
	case d.Overflow < 0:
		return errors.New("--overflow: want at least 1, or 0 for the default")
	case d.Overflow > 0 && d.Fixed:
		return errors.New("--overflow and --no-overflow contradict each other")
	case strings.TrimSpace(d.Name) == "":
		return errors.New("--name: want the name of a method")
	}
	if d.Listen != "" {
		if _, _, err := net.SplitHostPort(d.Listen); err != nil {
			return errors.New("--listen: want [host]:port, such as :8080")
		}
	}
	return nil
}

// Run runs the demo.
func (d *demoCommand) Run(ctx context.Context, c *Command) error {
	overflow := d.Overflow
	if d.Fixed {
		overflow = spillway.NoOverflow
	}
	return demo.Run(ctx, demo.Options{
		URL: d.URL, Source: d.Src, Method: d.Name, JSON: d.JSON, Listen: d.Listen,
		Size: d.Size, Overflow: overflow,
		Stdout: c.Stdout, Stderr: c.Stderr,
		Report: demo.DetectTerminal(c.Stdout, c.Getenv), Progress: demo.DetectTerminal(c.Stderr, c.Getenv),
	})
}
