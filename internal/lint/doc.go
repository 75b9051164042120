// Package lint holds the house rules that a compiler does not check, as tests. It has
// no code to import.
//
// The tests read every Go file of the repository, whatever its build tags and whatever
// module it belongs to, so that a file for the browser is held to the same rules as
// one for Linux. What is checked:
//
//   - The import law: which package may import which. The table is in law_test.go; a
//     package without a line in it fails, and so does a line without a package. Arrows
//     point one way: the pool knows nothing of models, models nothing of futures, and
//     nothing that is measured imports its metrics.
//   - Foreign modules stay behind the package that answers for them: pgx behind the
//     Postgres driver, SQLite behind the SQLite driver.
//   - No database/sql driver of SQLite is linked: importing it registers a name in the
//     whole program, which panics beside another driver of that name.
//   - Package testing stays out of what users link.
//   - Only commands and tests print.
//   - Nothing sleeps: a wait obeys a context, and a test waits for a signal or runs on
//     virtual time (testing/synctest).
//   - Tests do not skip, except where package testdb decides it; under CI it does not.
//   - Nothing is marked as left open, no file is longer than 800 lines, and each
//     package has a doc.go with its comment.
//
// Each rule is also run over a small text that breaks it, so that a rule that finds
// nothing has shown that it can.
//
// To add a package, add its line to the law. To be excused from a rule, change the rule
// here, with the reason.
package lint
