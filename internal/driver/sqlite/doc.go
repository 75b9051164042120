// Package sqlite is the SQLite backend of package driver, over the low-level API of
// github.com/ncruces/go-sqlite3 (SQLite translated to Go, so no C compiler is needed).
// It leaves to others: the pool of connections, merging of statements, SQL text.
// The database/sql driver of ncruces is not used: importing it registers the name
// "sqlite3" in the whole program.
//
// # Connections
//
// A database has one writer connection and any number of readers; the pool keeps to
// it. Files are in WAL mode, so readers and the writer do not wait for each other, and
// nothing in one process ever sees SQLITE_BUSY: there is no second writer, readers are
// query_only and can not become one, and opening and closing, the only moments when
// WAL mode takes other locks, happen one at a time per [driver.Connector].
// [Config.BusyTimeout] therefore only meets other processes (or a second Connector on
// the same file). The text that opens a transaction comes from the caller: on the
// writer it is BEGIN IMMEDIATE, so that the wait for another process happens there and
// nowhere later; on a reader it is BEGIN.
//
// A commit is on disk when it is answered (synchronous=FULL, read back after it was
// set). [Normal] keeps the file sound but may lose the last commits when the power
// fails (https://www.sqlite.org/pragma.html#pragma_synchronous).
//
// A database in memory lives as long as its Connector, and each Connector has its own.
// It is held by the VFS "mvcc" of ncruces: every reader keeps the snapshot of its
// transaction, and neither side waits for the other.
//
// [Config.Exclusive] is for a file that can be opened only once, such as one in a
// browser: locking_mode=EXCLUSIVE lets WAL work without shared memory
// (https://www.sqlite.org/wal.html#noshm).
//
// # Transactions
//
// SQLite carries on after most errors inside a transaction, Postgres does not. So that
// a program behaves alike on both, an error inside a transaction makes this backend
// refuse everything but a rollback, or a return to a savepoint, with
// [driver.ErrTxAborted]. Some errors (disk full, I/O error, interrupt) make SQLite roll
// the whole transaction back by itself (https://www.sqlite.org/lang_transaction.html);
// the connection then still answers [driver.InFailedTx] until its owner ends the
// transaction, so no statement can slip out of it and be committed alone. COMMIT always
// ends the transaction: if it fails, everything is rolled back. ROLLBACK without a
// transaction does nothing, as on Postgres.
//
// An I/O error while a commit is written has no certain end: the transaction is undone
// here, but if the process dies now, its frames in the WAL may be found complete and
// be recovered. It is reported as [driver.ErrOutcomeUnknown].
//
// # Groups
//
// A connection carries out transactions of several owners under one commit
// ([driver.Grouper]): each in a savepoint. After each of them SQLite is asked whether a
// deferred foreign key is violated (DBSTATUS_DEFERRED_FKS), and after each error whether it
// is still in the transaction.
//
// # Values
//
//	bool       INTEGER 0 or 1
//	time       TEXT, always 27 characters, UTC: 2006-01-02 15:04:05.000000Z
//	           sorts as text, and SQLite's date functions read it; years 0000 to 9999
//	uuid       TEXT, canonical lower-case form
//	json       TEXT
//	array      TEXT, a JSON array for json_each: times and UUIDs as above,
//	           bytes as lower-case hexadecimal (compare with unhex(value))
//	float      REAL; infinities are kept, NaN is refused (SQLite would store NULL)
//	others     INTEGER, TEXT, BLOB
//
// When reading, the first word of a column's declared type decides what
// [driver.Row.Value] returns: BOOLEAN, TIMESTAMP or DATETIME or DATE, UUID, JSON.
// Declare such columns with TEXT affinity where the type is not boolean ("JSON TEXT"):
// a column declared plainly JSON has numeric affinity, and a document that is a bare
// number would be stored as a number (https://www.sqlite.org/datatype3.html#affname).
// The getters convert within a family only: no text becomes a number by accident.
//
// # Statements
//
// A statement text is prepared once per connection and kept in a bounded cache;
// SQLite prepares it again when the schema changes. A text holds one statement; only a
// text of class [driver.Schema] may hold several, which then succeed or fail together.
// No error text repeats an argument: a message of SQLite that does is withheld.
package sqlite
