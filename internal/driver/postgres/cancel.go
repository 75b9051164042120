package postgres

import (
	"context"
	"errors"
	"time"
)

// A watch stops what the server runs when a context ends. A nil watch watches nothing.
type watch struct {
	conn   *Conn
	start  func() // run
	unhook func() bool
	done   chan struct{}
	exited chan struct{}
	sent   bool // a request went out; read after exited
	doubt  bool // and it is not known whether it has been delivered
}

var errDoubt = errors.New("a cancel request may still be on its way")

// watch starts a watch over ctx.
func (c *Conn) watch(ctx context.Context) *watch {
	if ctx.Done() == nil {
		return nil
	}
	w := c.spare // of an earlier flight whose context did not end
	c.spare = nil
	if w == nil {
		w = &watch{conn: c, done: make(chan struct{}), exited: make(chan struct{})}
		w.start = w.run
	}
	w.unhook = context.AfterFunc(ctx, w.start)
	return w
}

// run waits for the flight to end by itself, then asks the server to stop, until the
// flight is over: a request may come between two statements and stop neither.
func (w *watch) run() {
	defer close(w.exited)
	deadline := time.Now().Add(CancelGrace + w.conn.connector.drain())
	_ = w.conn.net.SetDeadline(deadline)
	timer := time.NewTimer(CancelGrace)
	defer timer.Stop()
	for pause := 2 * CancelGrace; ; pause *= 2 {
		select {
		case <-w.done:
			return
		case <-timer.C:
		}
		if !time.Now().Before(deadline) {
			return
		}
		ctx, cancel := context.WithDeadline(context.Background(), deadline)
		if err := w.conn.pg.CancelRequest(ctx); err == nil {
			w.sent = true
			// The server closes the connection of a request it has delivered. That has not
			// been seen if time ran out.
			w.doubt = w.doubt || ctx.Err() != nil
		}
		cancel()
		timer.Reset(pause)
	}
}

// stop ends the watch and tells whether the context had ended.
func (w *watch) stop() bool {
	if w == nil {
		return false
	}
	if w.unhook() {
		w.unhook = nil // it holds the operation, and all that was read by it
		w.conn.spare = w
		return false
	}
	close(w.done)
	<-w.exited
	return true
}

// end ends the watch after all answers were read, and makes sure that no cancel is left
// over for what comes next.
func (w *watch) end() error {
	if !w.stop() {
		return nil
	}
	if w.doubt {
		return errDoubt
	}
	if w.sent {
		_ = w.conn.net.SetDeadline(time.Now().Add(w.conn.connector.drain()))
		if err := w.conn.empty(); err != nil {
			return err
		}
	}
	return w.conn.net.SetDeadline(time.Time{})
}
