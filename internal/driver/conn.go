package driver

import "context"

// Status is the state of a connection between flights.
type Status uint8

const (
	// Idle: usable, no transaction open.
	Idle Status = iota
	// InTx: a transaction is open.
	InTx
	// InFailedTx: a transaction is open and can only be rolled back (or rolled back
	// to a savepoint).
	InFailedTx
	// Broken: the connection is lost or in doubt; all that is left is Close.
	Broken
)

// String returns the state as a word for messages.
func (s Status) String() string {
	switch s {
	case Idle:
		return "idle"
	case InTx:
		return "in a transaction"
	case InFailedTx:
		return "in a failed transaction"
	default:
		return "broken"
	}
}

// ResetMode says how much of a connection's state Reset takes back.
type ResetMode uint8

const (
	// ResetRollback ends an open transaction.
	ResetRollback ResetMode = iota
	// ResetFull also drops session state: settings, temporary tables, session locks
	// (DISCARD ALL on Postgres).
	ResetFull
)

// A Conn is one connection. It is not safe for concurrent use, except for Close,
// which may be called while another method runs and then ends it.
type Conn interface {
	// Fly sends the statements of one owner and collects all their answers. See the
	// rules in the package comment.
	Fly(ctx context.Context, f *Flight) error
	// Ping makes sure that the other side answers.
	Ping(ctx context.Context) error
	// Reset brings the connection back to the state in which another owner may have
	// it.
	Reset(ctx context.Context, mode ResetMode) error
	// Status tells the state after the last call.
	Status() Status
	// Close closes the connection, politely while ctx lasts, hard afterwards. Calling
	// it again does nothing.
	Close(ctx context.Context) error
}

// A Flight is the work of one owner that goes out in one round trip. A Flight may be
// flown again after its answers were taken; every run starts from clean answers.
type Flight struct {
	Statements []Statement
}

// Err returns the first error among the statements in their order, nil if all went
// well.
func (f *Flight) Err() error {
	for i := range f.Statements {
		if err := f.Statements[i].Err; err != nil {
			return err
		}
	}
	return nil
}
