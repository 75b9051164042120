package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/spillwaydb/spillway/pool"
)

// locker implements goose's lock.SessionLocker.
type locker struct {
	runner *Runner
	pool   *pool.Pool
	unlock func() error
}

const (
	// firstPause and maxPause bound the pauses between attempts to get the lock of
	// Postgres. A statement that waits for it in the server would do without, but would
	// keep CREATE INDEX CONCURRENTLY of the holder waiting for it: for ever.
	firstPause = 50 * time.Millisecond
	maxPause   = time.Second
	// patience is how long a lock may take before it counts as waiting.
	patience = 100 * time.Millisecond
)

// SessionLock implements lock.SessionLocker. It obeys ctx.
func (l *locker) SessionLock(ctx context.Context, conn *sql.Conn) error {
	limit := l.runner.options.LockTimeout
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errLockTimeout)
	defer cancel()
	var err error
	if l.runner.dialect == Postgres {
		err = l.advisory(ctx, conn)
	} else {
		err = l.beside(ctx, conn)
	}
	if err != nil && errors.Is(context.Cause(ctx), errLockTimeout) {
		return &refusal{ErrLocked, fmt.Sprintf("its lock did not come free within %v: wait for it and run again, or end it if it hangs", limit)}
	}
	return err
}

var errLockTimeout = errors.New("migrate: waited too long for the lock")

// beside takes the lock of the database's driver.
func (l *locker) beside(ctx context.Context, conn *sql.Conn) (err error) {
	short, cancel := context.WithTimeout(ctx, patience)
	l.unlock, err = l.pool.Lock(short)
	cancel()
	if err != nil && short.Err() != nil && ctx.Err() == nil {
		l.runner.tell(Event{Kind: Waiting})
		l.unlock, err = l.pool.Lock(ctx)
	}
	if err != nil {
		return err
	}
	// From here on it is the connection that writes, in a mode that is worth a look.
	if _, err = conn.ExecContext(ctx, "SELECT 1"); err == nil {
		var on bool
		if err = conn.QueryRowContext(ctx, "SELECT foreign_keys FROM pragma_foreign_keys").Scan(&on); err == nil && on {
			err = errors.New("the connection for migrations enforces foreign keys")
		}
	}
	if err != nil {
		_ = l.unlock() // the reason is err
	}
	return err
}

// key is that of the advisory lock: one for each table of versions.
func (l *locker) key() int64 {
	h := fnv.New64a()
	h.Write([]byte("spillway migrations\x00" + l.runner.options.Table))
	return int64(h.Sum64())
}

// advisory takes the lock of a session of Postgres.
func (l *locker) advisory(ctx context.Context, conn *sql.Conn) error {
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		var got bool
		if err := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", l.key()).Scan(&got); err != nil || got {
			return err
		}
		if pause == firstPause {
			l.runner.tell(Event{Kind: Waiting})
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}

// SessionUnlock implements lock.SessionLocker.
func (l *locker) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	if l.unlock != nil {
		return l.unlock()
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	// If it fails the connection is lost, or soon closed, and the lock gone with it.
	_, _ = conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", l.key())
	return nil
}
