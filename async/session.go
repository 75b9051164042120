package async

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// A Session is a unit of work whose verbs are futures: it gives out one object per row,
// notices what is changed in them, and writes changes in the order that foreign keys ask
// for. Any number of goroutines may use one. It takes a connection with its first write
// and keeps it until Commit or Rollback; nothing is written before Flush, Commit, Create
// or Exec is called (no autoflush), and objects do not expire with a commit.
//
// Calls take effect in the order in which they are made. Reads that nobody awaits may
// overlap each other, inside a transaction too; everything else waits for the calls before
// it, and the calls behind it wait for it.
//
// From the call of Flush, Commit or Rollback until its future settles, all objects of the
// session belong to it: neither read nor write them. At other times the session touches
// no object that it has given out, except to note its origin in a hidden word: Add and
// Delete do that at once, or, if a call that is not a read is still under way or waiting,
// when that is done; until then do not copy or overwrite the object as a whole.
//
// What is called while a session works on objects (MarshalJSON, Value, Scan and the like)
// must not call the session.
type Session struct {
	unit   *models.Unit // belongs to who runs box
	box    mailbox
	runner pool.Runner
	drain  time.Duration
	gone   chan struct{} // closed when Close is done
	label  string

	// scope names what the session is only lent by: "Nested" or "InTx".
	scope  string
	parent *Session     // of a session lent by Nested
	over   atomic.Bool  // and that Nested is over
	inside atomic.Int32 // how many Nested, and verbs with hooks, of this session are under way: 0 or 1
}

// NewSession makes a session. label says where, for errors and leak reports; drain
// bounds the ROLLBACK of Close. Programs call AsyncSession of *spillway.DB.
func NewSession(e *models.Engine, label string, drain time.Duration) *Session {
	s := &Session{drain: drain, gone: make(chan struct{}), label: label}
	s.unit = models.NewUnit(e, models.UnitOptions{Label: label, Host: carrier{s}})
	s.runner = models.RunnerOf(s.unit)
	return s
}

// Add puts objects under the session's care, as [models.Session.Add] does. A mistake
// comes out of the next Flush or Commit.
func (s *Session) Add(objs ...any) { s.mark(func() { s.unit.Add(objs...) }) }

// Delete marks objects for deletion by the next flush, as [models.Session.Delete] does.
// A mistake comes out of that flush.
func (s *Session) Delete(objs ...any) { s.mark(func() { s.unit.Delete(objs...) }) }

// Purge is Delete that removes the rows of a table with a softdelete column for good, as
// [models.Session.Purge] does.
func (s *Session) Purge(objs ...any) { s.mark(func() { s.unit.Purge(objs...) }) }

// Flush sends what was added, changed and deleted within the session's transaction. All
// of it happens or, on an error, none; see [models.Session.Flush].
func (s *Session) Flush(ctx context.Context) *Future[struct{}] {
	return send(ctx, s, changing, s.unit.Flush())
}

// Commit flushes and commits: when it succeeds the changes last. See
// [models.Session.Commit].
func (s *Session) Commit(ctx context.Context) *Future[struct{}] {
	if err := s.lent("Commit", "nil"); err != nil {
		return Failed[struct{}](err)
	}
	return send(ctx, s, changing, s.unit.Commit())
}

// Rollback takes back what was flushed and gives loaded objects the values of the last
// commit. See [models.Session.Rollback].
func (s *Session) Rollback(ctx context.Context) *Future[struct{}] {
	if err := s.lent("Rollback", "an error"); err != nil {
		return Failed[struct{}](err)
	}
	return send(ctx, s, changing, s.unit.Rollback())
}

// Close ends the session: calls that wait fail with models.ErrSessionClosed and are
// guaranteed not to run, what is running is canceled, and what was not committed is
// rolled back. Close returns when nothing of the session is left and its connection was
// given back; the ROLLBACK takes as long as pool.Config.DrainTimeout at most, then the
// connection is dropped instead, which the error tells. Every later call fails with
// models.ErrSessionClosed; closing again waits for the first Close and returns nil.
//
// The function of a [Session.Nested] that is under way is told by its ctx. If it does not
// return within DrainTimeout, as when it is itself what calls Close, the error is
// models.ErrSessionBusy and the session ends when the function does. The session that
// Nested or InTx hands out is closed by them; its Close does nothing.
func (s *Session) Close() error {
	if s.scope != "" {
		return nil
	}
	return s.close()
}

// close is Close for who lent the session.
func (s *Session) close() error {
	idle, first := s.box.close()
	if !first {
		if s.inside.Load() == 0 {
			<-s.gone
		}
		return nil
	}
	if s.inside.Load() > 0 {
		patience := time.NewTimer(s.drain)
		defer patience.Stop()
		select {
		case <-idle:
		case <-patience.C:
			go func() {
				<-idle
				_ = s.shut() // who called Close has left
			}()
			return fmt.Errorf("%w: Close: the function of a Nested, or a hook, has not returned", models.ErrSessionBusy)
		}
	}
	<-idle
	return s.shut()
}

// shut ends the unit, which belongs to the caller.
func (s *Session) shut() error {
	defer close(s.gone)
	ctx, cancel := context.WithTimeout(context.Background(), s.drain)
	defer cancel()
	c := s.unit.Close()
	var failed error
	for op := c.Next(); op != nil; op = c.Next() {
		_ = s.runner.Do(ctx, op) // Outcome says more
		if err := op.Outcome(); err != nil {
			failed = fmt.Errorf("async: close: the connection was dropped, since ROLLBACK failed: %w", err)
		}
	}
	if f, ok := c.(link.Finisher[struct{}]); ok {
		_, err := f.Finish()
		return errors.Join(failed, err)
	}
	return failed
}

// mark has f done when it is its turn.
func (s *Session) mark(f func()) {
	m := &marks{do: f}
	m.job = job{work: m, kind: marking}
	s.box.submit(&m.job)
}

// marks is the work of Add and Delete.
type marks struct {
	job job
	do  func()
}

func (m *marks) begin() { m.do() }

func (*marks) conclude()       {}
func (*marks) refuse(error)    {}
func (*marks) stop(error) bool { return false }
