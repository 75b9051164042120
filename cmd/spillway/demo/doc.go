// Package demo is the command "spillway demo": it fills a database with an index of Go
// source code and answers questions about it, so that the pool, the sessions and the
// futures can be seen at work on real input.
//
// What it does, in the order of its files:
//
//   - tree.go and source.go find Go files and read them with go/parser.
//   - schema.go has the tables: packages, files, declarations, and imports, which join
//     files and packages.
//   - index.go compares the tree with the database and writes the difference: many
//     goroutines parse, each writes its batches through an async session of its own.
//     A batch is one transaction, so a run that is interrupted leaves whole files, and
//     the next run goes on where it ended. A file counts as unchanged when its size and
//     its modification time are; a run over an unchanged tree writes nothing.
//   - questions.go asks everything at once and awaits the answers.
//   - report.go and text.go print the outcome, as JSON or for a reader.
//   - monitor.go looks at the pool a few times a second, for progress.go and the page.
//   - server.go and its neighbours keep the index to be looked at in a browser.
//
// Nothing is printed to standard output but the report, so that it can be piped;
// progress goes to standard error, in place on a terminal and as plain lines elsewhere.
//
// The package leaves flags, signals and exit codes to package cli.
package demo
