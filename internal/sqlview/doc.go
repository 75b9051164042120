// Package sqlview shows a pool as a database/sql database, so that code written for that
// (sqlc, sqlx, goose) shares the connections, the queue, the limits and the measurements
// of package pool. It imports no driver of others: what database/sql calls a connection
// is a lease of the pool.
//
// # Connections
//
// database/sql keeps none idle: a connection is a lease that begins with the first
// statement and ends when database/sql gives it back, so waiting, growing and recycling
// are the pool's. Where one connection writes and others read (SQLite), the kind is found
// out as late as possible: Exec and an ordinary transaction take the one that writes, a
// read-only transaction one that reads. A Query whose text begins like a reading one
// tries one that reads, and goes to the one that writes if it is refused there, which
// changes nothing.
//
// # Rows
//
// Rows stream: the driver pushes them into a chunk at a time, and waits while the chunk
// before it is being read. So the memory of a result is bounded, and its connection is
// busy until the rows are closed. Another statement on a busy connection, which only a
// transaction or a sql.Conn can ask for, is an error rather than a wait for oneself.
//
// # Values
//
// What arguments and results look like is in args.go and value.go. sql.Named works on
// both databases: :name and @name in the text become the backend's own placeholders.
package sqlview
