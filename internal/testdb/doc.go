// Package testdb gives tests databases of real servers.
//
// [Postgres] and [SQLite] return the URL of a database of the test's own; [Both] runs a
// test once for each. [NewCluster] starts a server that a test may stop and start
// again. A [Proxy] stands between a client and a Postgres server, counts what crosses
// it and breaks it on demand. [PgBouncer] puts that pooler in front of a server.
//
// # The server
//
// With SPILLWAY_TEST_POSTGRES set to a URL, databases are created on that server; its
// user must be allowed to. Otherwise the first test that asks starts a throw-away
// cluster from the binaries of the machine (the newest /usr/lib/postgresql/*/bin, else
// PATH) on a free port of 127.0.0.1. It is shared by the tests of one binary. fsync and
// synchronous_commit are on, since tests of durability rely on them. The server refuses
// to run as root, so root starts it as user postgres or nobody.
//
// A shell that holds the reading end of a pipe waits for the test binary to end, in
// whatever way, and then stops the server and removes its directory: also after a kill
// -9 nothing is left behind.
//
// Without a server, or PgBouncer, a test that needs it is skipped with one line that says what to install; with CI
// set it fails. That skip is the only one in the project.
//
// # Canary
//
// [Password] is the password of every user of these clusters. Tests of redaction look
// for it in what the code under test prints.
package testdb
