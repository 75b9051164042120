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
		Write: []driver.Statement{
			{SQL: "BEGIN ISOLATION LEVEL READ COMMITTED", Class: driver.Begin},
			wait,
			{SQL: "SET CONSTRAINTS ALL IMMEDIATE", Class: driver.Read},
		},
		Table:   tableSQL,
		Commit:  driver.Statement{SQL: "COMMIT", Class: driver.Commit},
		Allowed: func() bool { return c.sharing.Load() == 1 && !c.pooler.stepwise.Load() },
	}
}

// tableSQL answers driver.Sharing.Table. What counts is what nobody can see from the
// statement: triggers and rules of the owner, constraints that are checked at the commit,
// policies, children and partitions, and foreign keys of other tables that pass a change
// on to them.
const tableSQL = `SELECT plain, plain AND NOT updates, plain AND NOT deletes FROM (
SELECT c.relkind = 'r' AND NOT c.relhassubclass AND NOT c.relispartition AND NOT c.relhasrules AND NOT c.relrowsecurity
AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
AND NOT EXISTS (SELECT FROM pg_constraint k WHERE (k.conrelid = c.oid OR k.confrelid = c.oid) AND k.condeferrable) AS plain,
EXISTS (SELECT FROM pg_constraint k WHERE k.confrelid = c.oid AND k.contype = 'f' AND k.confupdtype IN ('c', 'n', 'd')) AS updates,
EXISTS (SELECT FROM pg_constraint k WHERE k.confrelid = c.oid AND k.contype = 'f' AND k.confdeltype IN ('c', 'n', 'd')) AS deletes
FROM pg_class c WHERE c.oid = to_regclass($1::text)) AS facts`
