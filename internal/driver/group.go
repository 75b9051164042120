package driver

import "context"

// A Grouper is a [Conn] on which the transactions of several owners can share one
// commit. It is for backends with one writer, where a commit waits for the disk and the
// next one waits for it.
//
// The way is OpenGroup, Join for each owner's flight, CloseGroup; nothing else is called
// between them but Status and Close. No answer counts before CloseGroup has returned nil:
// until then nothing has happened, for anybody.
type Grouper interface {
	Conn
	// OpenGroup opens the transaction that all share. The error is that of a statement of
	// class [Begin]; nothing is open then.
	OpenGroup(ctx context.Context) error
	// Join carries out a flight: one statement of class [Write], or several between one of
	// class [Begin] and one of class [Commit]. It fills in the answers as [Conn.Fly] would
	// outside of a group. A flight that fails, also by a constraint that is only checked at
	// the end of a transaction, is taken back alone.
	//
	// It reports undone if it had to take the whole group back: then no transaction is
	// open, no flight that joined before has happened, and the answers of this one are
	// final.
	//
	// The end of ctx interrupts the flight, and that may undo the group.
	Join(ctx context.Context, f *Flight) (undone bool)
	// CloseGroup commits, whatever becomes of contexts. An error is that of all flights
	// of the group: nothing of it has happened, or, if it is of kind [ErrOutcomeUnknown],
	// all or nothing.
	CloseGroup() error
}
