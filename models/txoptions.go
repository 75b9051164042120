package models

import (
	"errors"
	"fmt"
	"time"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
)

// Isolation says how much a transaction notices of others. SQLite knows only one level,
// which is serializable, so there every level is kept.
type Isolation uint8

// The levels, as Postgres implements them.
const (
	// DefaultIsolation is what the server is set to: for Postgres READ COMMITTED unless
	// somebody changed that.
	DefaultIsolation Isolation = iota
	// ReadCommitted has each statement see what was committed before it.
	ReadCommitted
	// RepeatableRead has all statements see what was committed before the first. A row
	// that another transaction changed since can not be changed: that is
	// ErrSerialization.
	RepeatableRead
	// Serializable has transactions come out as if they had run one after another, or
	// fail with ErrSerialization.
	Serializable
)

var isolationNames = [...]string{"default", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"}

// String returns the level in the words of SQL.
func (i Isolation) String() string {
	if int(i) < len(isolationNames) {
		return isolationNames[i]
	}
	return fmt.Sprintf("Isolation(%d)", uint8(i))
}

// TxOptions say how a transaction is to run; the zero value is what a session does by
// itself.
type TxOptions struct {
	// Isolation is the isolation level. Defaults to that of the server.
	Isolation Isolation
	// ReadOnly refuses writes with ErrReadOnly. On SQLite such a transaction does not
	// wait for the one that writes, nor keep it waiting.
	ReadOnly bool
	// Deferrable has a Serializable, ReadOnly transaction wait until it can run without
	// any risk of ErrSerialization. On SQLite there is no such risk, and no wait.
	Deferrable bool
	// Attempts is how often InTx runs its function before it gives up on serialization
	// failures and deadlocks; 1 means no repetition. Begin has no use for it. Defaults
	// to 5.
	Attempts int
}

// The delays between attempts; see pause.
const (
	defaultAttempts = 5
	minPause        = 5 * time.Millisecond
	maxPause        = 500 * time.Millisecond
)

// check reports options that can not be meant.
func (o TxOptions) check() error {
	switch {
	case int(o.Isolation) >= len(isolationNames):
		return fmt.Errorf("models: TxOptions: there is no isolation level %d", uint8(o.Isolation))
	case o.Deferrable && (o.Isolation != Serializable || !o.ReadOnly):
		return errors.New("models: TxOptions: Deferrable needs Isolation Serializable and ReadOnly")
	case o.Attempts < 0:
		return fmt.Errorf("models: TxOptions: Attempts is %d, want 1 or more, or 0 for %d", o.Attempts, defaultAttempts)
	}
	return nil
}

// attempts is Attempts with its default.
func (o TxOptions) attempts() int {
	if o.Attempts == 0 {
		return defaultAttempts
	}
	return o.Attempts
}

// role is the kind of connection that the transaction needs.
func (o TxOptions) role() driver.Role {
	if o.ReadOnly {
		return driver.Reader
	}
	return driver.Writer
}

// statement opens such a transaction.
func (o TxOptions) statement(d dialect.Dialect) driver.Statement {
	st := driver.Statement{SQL: "BEGIN", Class: driver.Begin}
	switch {
	case d == dialect.SQLite && o.ReadOnly:
		return st
	case d == dialect.SQLite:
		return beginStatement(d)
	}
	if o.Isolation != DefaultIsolation {
		st.SQL += " ISOLATION LEVEL " + o.Isolation.String()
	}
	if o.ReadOnly {
		st.SQL += " READ ONLY"
	}
	if o.Deferrable {
		st.SQL += " DEFERRABLE"
	}
	return st
}
