package driver

import "context"

// A Snapshotter is a [Conn] on which reads that follow each other can share one look at
// the database. It is for backends where taking a look costs as much as reading (the locks
// of SQLite's WAL).
//
// The way is OpenSnapshot, [Conn.Fly] for each flight, which holds nothing but statements
// of class [Read], CloseSnapshot. All flights see the database as it is at the first of
// them. None can tell the others: one that fails, or is interrupted, fails alone, and
// between them Status is what it would be without.
type Snapshotter interface {
	Conn
	// OpenSnapshot has the reads that follow share a look. After an error they do not, and
	// nothing is lost.
	OpenSnapshot(ctx context.Context) error
	// CloseSnapshot ends it.
	CloseSnapshot()
}
