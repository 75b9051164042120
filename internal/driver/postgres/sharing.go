package postgres

import (
	"fmt"

	"github.com/spillwaydb/spillway/internal/driver"
)

// maxLockTimeout is how long, in ms, a transaction that statements of several owners share
// waits for a lock at most: the others wait as long. It never waits longer than a quarter
// of the server's deadlock_timeout, so that it is such a transaction that gives way, and
// never somebody's own that the server picks as the victim of a deadlock.
const maxLockTimeout = 50

// sharingSQL answers the lock timeout of a shared transaction in ms, 0 if there must be
// none: where the server's default is another isolation, each statement would get that if
// it were alone.
var sharingSQL = fmt.Sprintf(`CASE WHEN current_setting('default_transaction_isolation') = 'read committed'
THEN least(%d, (extract(epoch FROM current_setting('deadlock_timeout')::interval) * 250)::int8) ELSE 0 END`, maxLockTimeout)

// hurry is by how much sooner a transaction gives up that is sent again after somebody in
// it has waited for a lock.
const hurry = 10

// openings are the statements that open a shared transaction: with patience, and hasty.
type openings [2]struct{ read, write []driver.Statement }

func opening(lockTimeout int64) *openings {
	o := &openings{}
	for i, wait := range []int64{lockTimeout, max(1, lockTimeout/hurry)} {
		o[i].read, o[i].write = within(wait)
	}
	return o
}

func (o *openings) of(hasty bool) (read, write []driver.Statement) {
	if hasty {
		return o[1].read, o[1].write
	}
	return o[0].read, o[0].write
}

func within(lockTimeout int64) (read, write []driver.Statement) {
	wait := driver.Statement{SQL: fmt.Sprint("SET LOCAL lock_timeout = ", lockTimeout), Class: driver.Read}
	read = []driver.Statement{
		{SQL: "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY", Class: driver.Begin},
		wait,
	}
	write = []driver.Statement{
		{SQL: "BEGIN ISOLATION LEVEL READ COMMITTED", Class: driver.Begin},
		wait,
		{SQL: "SET CONSTRAINTS ALL IMMEDIATE", Class: driver.Read},
	}
	return read, write
}

func (c *Connector) shares() *driver.Sharing {
	return &driver.Sharing{
		Read: func(hasty bool) []driver.Statement {
			read, _ := c.sharing.Load().of(hasty)
			return read
		},
		Write: func(hasty bool) []driver.Statement {
			_, write := c.sharing.Load().of(hasty)
			return write
		},
		Table:   tableSQL,
		Key:     keySQL,
		Commit:  driver.Statement{SQL: "COMMIT", Class: driver.Commit},
		Allowed: func() bool { return c.sharing.Load() != nil && !c.pooler.stepwise.Load() },
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

// keySQL answers driver.Sharing.Key. A citext, a char(n) and a domain over one are no text
// here; what a foreign table compares with is for its server to know.
const keySQL = `SELECT a.atttypid IN ('text'::regtype, 'varchar'::regtype) AND l.collisdeterministic AND c.relkind <> 'f'
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_collation l ON l.oid = a.attcollation
WHERE a.attrelid = to_regclass($1::text) AND a.attname = $2::text AND a.attnum > 0 AND NOT a.attisdropped`
