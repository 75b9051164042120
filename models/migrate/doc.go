// Package migrate runs migrations: SQL files that bring the schema of a database from one
// revision to the next, and back. It reads them from any [io/fs.FS] (a folder, or files
// embedded into the program), runs each in a transaction of its own under a lock, and
// tells where a database stands.
//
//	r, err := migrate.New(db, os.DirFS("migrations"), migrate.Options{})
//	...
//	result, err := r.Up(ctx)       // apply what is pending
//	result, err = r.Down(ctx)      // take the last one back
//	status, err := r.Status(ctx)   // where the database stands
//
// A program that has its files embedded need not call it: spillway.Config.Migrations runs
// what is pending when the database is opened. Files are written by package autogen, by
// the command spillway makemigrations, or by hand.
//
// # Files
//
// A migration is one file, named by its version, the UTC time at which it was made, and a
// few words: 20260102150405_add_users.sql. Its format is that of goose
// (https://pressly.github.io/goose/documentation/annotations/), so either tool can run it:
//
//	-- dialect: postgres
//	-- tables: posts, users
//	-- message: add users
//
//	-- +goose Up
//	ALTER TABLE users ADD COLUMN email text;
//
//	-- +goose Down
//	ALTER TABLE users DROP COLUMN email;
//
// The three comments at the top are optional. A file whose dialect is another one than
// the database's is refused. The tables are those that the models had when the file was
// written. A statement ends with a semicolon at the end of a line; one that holds such a
// semicolon stands between "-- +goose StatementBegin" and "-- +goose StatementEnd".
//
// Files for two databases stand in the folders "sqlite" and "postgres" under the same
// versions; where there is a folder for the connected one it is read in place of the top.
//
// # Transactions and failures
//
// Each file runs in a transaction together with the note that it was applied: a file that
// fails in its third statement leaves nothing behind, and files before it stay applied.
// The error is an [*Error]: it names file, line and statement, and wraps what the database
// said. A file with "-- +goose NO TRANSACTION" (CREATE INDEX CONCURRENTLY needs it) has no
// such protection; its error says how many of its statements were carried out.
//
// Where a file and a transaction of the program wait for each other's locks, the server
// ends one of them. If that is the file, nothing of it has happened, and the run begins it
// anew, up to four times; one without a transaction fails instead.
//
// # Locks
//
// Any number of processes may start at once: one applies, the others wait and find
// nothing left to do. On Postgres that is an advisory lock of the session, on a SQLite
// file a lock on a second file beside it, named as the database with "-migrate-lock"
// behind it; the operating system and the server free them when a process dies. Waiting
// obeys the context and [Options.LockTimeout]. A pooler in transaction mode (PgBouncer)
// gives each transaction another session, so behind one the lock holds nothing: migrate
// over a URL that leads to the server itself.
//
// # SQLite and foreign keys
//
// SQLite changes most things about a table by building it anew. With foreign keys
// enforced, dropping the old one deletes the rows that refer to it by ON DELETE CASCADE,
// without an error. So migrations run on a connection of their own on which foreign keys
// are not enforced, and before each commit all of them are checked: a violation fails
// the file and names table, row and parent.
//
// # Browser
//
// The package builds for GOOS=js. There a database can be open only once, so its
// migrations run when it is opened (spillway.Config.Migrations); a Runner over a database
// that is open is refused with "database is busy". Two tabs can not migrate at once,
// because the second can not open the file.
package migrate
