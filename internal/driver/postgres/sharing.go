package postgres

import (
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// LockTimeout is how long a transaction that statements of several owners share waits for
// a lock: the others wait as long. It is far below the server's deadlock_timeout, so that
// it is such a transaction that gives way, and never somebody's own that the server picks
// as the victim of a deadlock.
const LockTimeout = 50 * time.Millisecond

// sharingSQL answers whether statements may share a transaction: where the server's
// default is another isolation, each of them would get that if it were alone. A
// deadlock_timeout below four times LockTimeout leaves no room.
const sharingSQL = `current_setting('default_transaction_isolation') = 'read committed' AND current_setting('deadlock_timeout')::interval >= interval '200 milliseconds'`

func (c *Connector) shares() *driver.Sharing {
	wait := driver.Statement{SQL: "SET LOCAL lock_timeout = 50", Class: driver.Read}
	return &driver.Sharing{
		Read: []driver.Statement{
			{SQL: "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY", Class: driver.Begin},
			wait,
		},
		Commit:  driver.Statement{SQL: "COMMIT", Class: driver.Commit},
		Allowed: func() bool { return c.sharing.Load() == 1 && !c.pooler.stepwise.Load() },
	}
}
