package sqlview

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"fmt"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
)

// begin is the statement that opens a transaction, and where it has to run. SQLite knows
// one isolation level, which is the strictest, so there every level is kept.
func begin(d dialect.Dialect, o sqldriver.TxOptions) (driver.Statement, driver.Role, error) {
	level := sql.IsolationLevel(o.Isolation)
	st := driver.Statement{SQL: "BEGIN", Class: driver.Begin}
	switch level {
	case sql.LevelDefault, sql.LevelReadUncommitted, sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSnapshot, sql.LevelSerializable:
	default:
		return st, driver.Writer, fmt.Errorf("database/sql over a pool: the isolation level %v is not supported", level)
	}
	role := driver.Writer
	if d == dialect.SQLite {
		if o.ReadOnly {
			role = driver.Reader
		} else {
			st.SQL = "BEGIN IMMEDIATE"
		}
		return st, role, nil
	}
	switch level {
	case sql.LevelReadUncommitted, sql.LevelReadCommitted:
		st.SQL += " ISOLATION LEVEL READ COMMITTED"
	case sql.LevelRepeatableRead, sql.LevelSnapshot:
		st.SQL += " ISOLATION LEVEL REPEATABLE READ"
	case sql.LevelSerializable:
		st.SQL += " ISOLATION LEVEL SERIALIZABLE"
	}
	if o.ReadOnly {
		st.SQL += " READ ONLY"
	}
	return st, role, nil
}

// tx implements sqldriver.Tx.
type tx struct{ c *conn }

// Commit implements sqldriver.Tx. It succeeds only if the transaction was committed.
func (t *tx) Commit() error { return t.end("COMMIT", driver.Commit) }

// Rollback implements sqldriver.Tx.
func (t *tx) Rollback() error { return t.end("ROLLBACK", driver.Rollback) }

func (t *tx) end(sql string, class driver.Class) error {
	t.c.tx = false
	if r := t.c.rows; r != nil {
		_ = r.Close() // the transaction ends under them
	}
	return t.c.do(context.Background(), driver.Statement{SQL: sql, Class: class})
}
