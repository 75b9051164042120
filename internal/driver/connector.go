package driver

import (
	"context"
	"time"
)

// Role says what a connection is wanted for. Only backends with
// [Features.SingleWriter] tell the two apart; the others ignore it.
type Role uint8

const (
	// Reader is a connection for statements that only read.
	Reader Role = iota
	// Writer is a connection that may also write.
	Writer
)

// String returns "reader" or "writer".
func (r Role) String() string {
	if r == Writer {
		return "writer"
	}
	return "reader"
}

// A Connector opens connections to one database. It is safe for concurrent use.
type Connector interface {
	// Connect opens a connection, ready for use. It ends when ctx ends.
	Connect(ctx context.Context, role Role) (Conn, error)
	// Features says what the backend can do. The answer never changes.
	Features() Features
	// Close frees what connections share. It is called once, after the last
	// connection was closed.
	Close() error
}

// A Drainer is a [Connector] whose connections wait, when the context of a flight ends,
// for answers that are still to come. Package pool tells it how long.
type Drainer interface {
	SetDrainTimeout(d time.Duration)
}

// A Maintainer is a [Connector] on whose database a schema is changed over connections of
// another kind than those for everything else.
type Maintainer interface {
	// Maintenance returns a connector for that kind. It is good while the first one is;
	// closing it leaves the database open.
	Maintenance() Connector
}

// A Locker is a [Connector] whose database has no lock that outlives a transaction, so
// that who changes a schema in several has to lock something else.
type Locker interface {
	// Lock takes a lock that one owner has at a time, in this process and, where the
	// database is shared with others, in all of them. It waits until ctx ends. When the
	// process ends the lock is free.
	Lock(ctx context.Context) (unlock func() error, err error)
}

// Features names each difference between backends that code above the seam has to
// know. The zero value of a field is the answer of the plainest backend.
type Features struct {
	// Name is the backend's name: "postgres", "sqlite".
	Name string
	// Database names the database for people: host and database name or file path,
	// never a password.
	Database string
	// SingleWriter: one connection writes at a time and others read beside it. The
	// pool then keeps one writer and Size readers.
	SingleWriter bool
	// SingleConnection: the database can be opened once only (a browser's exclusive
	// file handle). The pool then keeps one connection for everything; a second one is
	// refused.
	SingleConnection bool
	// RoundTrip: a statement crosses a network, so sending several in one flight saves
	// time.
	RoundTrip bool
	// MaxConnections is the number of connections the server accepts from ordinary
	// users, as far as it is known; 0 means no known limit.
	MaxConnections func() int
	// NoCancel: a running statement can not be interrupted.
	NoCancel bool
	// Copy: the backend carries out statements with [Statement.Copy]; others refuse them
	// with [ErrSyntax].
	Copy bool
	// NoForeignKeyNames: a violated foreign key, and a violated NOT NULL or UNIQUE
	// column, does not name its constraint (SQLite says only "FOREIGN KEY constraint
	// failed", https://www.sqlite.org/rescode.html#constraint_foreignkey).
	NoForeignKeyNames bool
	// Sharing says how statements of several owners may travel in one transaction; nil:
	// every statement travels alone.
	Sharing *Sharing
	// ReadOnly are the statements around one that must not write, which it is refused with
	// [ErrReadOnly]. nil: a connection for reading refuses it by itself.
	ReadOnly *Bracket
	// NoSerialization: the backend never reports serialization failures or deadlocks,
	// because writers wait for each other from the start.
	NoSerialization bool
}

// A Bracket is a statement of class [Begin] and one of class [Commit].
type Bracket struct{ Begin, End Statement }

// Sharing says how a backend lets statements of several owners, each of which would be a
// transaction of its own, share one that begins and ends in a single flight.
type Sharing struct {
	// Read answers the statements that open such a transaction for statements that only
	// read. It must refuse writes with [ErrReadOnly], see for each statement what was
	// committed before it, and give up soon on a lock that somebody else holds. The
	// caller does not change what it gets. Read and Write are asked only while Allowed; hasty
	// asks for ones that give up much sooner, for a flight that waited for a lock before.
	Read func(hasty bool) []Statement
	// Write answers those that open one for writes; a constraint must be checked by the
	// statement that it concerns. nil: writes do not share.
	Write func(hasty bool) []Statement
	// Commit ends both.
	Commit Statement
	// Allowed reports whether statements may share at all, as far as it is known: they
	// must not where the server gives them other isolation than READ COMMITTED. nil:
	// always.
	Allowed func() bool
	// Table asks what writes to a table do besides: its argument is the name, quoted
	// where that is needed. One row of three booleans answers, whether an INSERT, an
	// UPDATE by key and a DELETE by key touch this table alone and run no code of its
	// owner; no row: there is no such table.
	Table string
	// Key asks whether two values of a column are equal exactly if they are the same text:
	// its arguments are the table's name, quoted where that is needed, and the column's.
	// One row of one boolean answers; no row: no.
	Key string
}
