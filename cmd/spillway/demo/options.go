package demo

import "io"

// DefaultURL is a file in the working directory.
const DefaultURL = "sqlite:spillway-demo.db"

// Options set up a run.
type Options struct {
	// URL of the database. Defaults to [DefaultURL].
	URL string
	// Source is the tree to index. Defaults to the standard library of the go command.
	Source string
	// Method is the name asked for in "who declares most methods called …". Defaults to
	// "String".
	Method string
	// JSON prints the report as JSON.
	JSON bool
	// Listen is the address to serve the page at. Empty for none.
	Listen string
	// Size and Overflow of the pool, as in pool.Config.
	Size, Overflow int

	// Stdout takes the report, Stderr the progress, and Report and Progress say how they
	// should look.
	Stdout, Stderr   io.Writer
	Report, Progress Terminal
}

// A UsageError is a mistake in what the caller asked for, as opposed to a failure to do
// it.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }

func (e *UsageError) Unwrap() error { return e.Err }
