package models

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// InTx runs fn in a session of its own whose transaction is open from the start, and
// commits when fn returns nil. Programs call InTx of *spillway.DB, which tells the rules.
// label says where, for errors and leak reports.
func InTx(ctx context.Context, e *Engine, label string, o TxOptions, fn func(ctx context.Context, s *Session) error) error {
	return Repeat(ctx, o, func() error {
		s := NewSession(e, label)
		s.scope = "InTx"
		defer s.close() // takes back what was not committed, also when fn panics
		if err := s.Begin(ctx, o); err != nil {
			return err
		}
		if err := fn(s.unit.Within(ctx, s), s); err != nil {
			return err
		}
		return s.do(ctx, (*Unit).Commit)
	})
}

// Repeat calls attempt until it ends well, with an error that a repetition does not help
// against, or as often as o allows. Between attempts it waits for a random part of 5 ms,
// twice as long with each attempt, 500 ms at most: so those that got in each other's way
// do not meet again. It is for package async.
func Repeat(ctx context.Context, o TxOptions, attempt func() error) error {
	if err := o.check(); err != nil {
		return err
	}
	for n := 1; ; n++ {
		err := attempt()
		if !again(err) {
			return err
		}
		if n >= o.attempts() {
			return fmt.Errorf("models: InTx: gave up after %d attempts: %w", n, err)
		}
		wait := time.NewTimer(pause(n))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return fmt.Errorf("models: InTx: stopped after %d attempts: %w (the last one: %w)", n, context.Cause(ctx), err)
		}
	}
}

// again reports whether repeating a transaction that failed with err may help, and can
// not do its work twice.
func again(err error) bool {
	return (errors.Is(err, driver.ErrSerialization) || errors.Is(err, driver.ErrDeadlock)) && !errors.Is(err, driver.ErrOutcomeUnknown)
}

// pause is how long to wait after attempt n.
func pause(n int) time.Duration {
	longest := maxPause
	if n < 7 {
		longest = minPause << (n - 1)
	}
	return rand.N(longest) + 1
}
