package models

import (
	"context"
	"errors"
	"fmt"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// InSnapshot runs fn with n sessions that read one state of the database. Programs call
// InSnapshot of *spillway.DB, which tells the rules. label says where, for errors and leak
// reports.
func InSnapshot(ctx context.Context, e *Engine, label string, n int, fn func(ctx context.Context, sessions []*Session) error) error {
	switch {
	case n < 1:
		return fmt.Errorf("models: InSnapshot: %d sessions: want 1 or more", n)
	case n > 1 && e.connections.Features().SingleConnection:
		return errors.New("models: InSnapshot: this database can be opened once only, so one session is all there can be: ask for 1")
	}
	sessions := make([]*Session, n)
	for i := range sessions {
		s := NewSession(e, label)
		s.scope = "InSnapshot"
		defer s.close()
		sessions[i] = s
	}
	take := exported
	if e.dialect == dialect.SQLite {
		take = unwritten
	}
	if err := take(ctx, e, label, sessions); err != nil {
		return fmt.Errorf("models: InSnapshot: %w", err)
	}
	for _, s := range sessions { // who waits in fn for a further connection has all these
		ctx = s.unit.lease.Context(ctx)
	}
	return fn(ctx, sessions)
}

var oneState = TxOptions{Isolation: RepeatableRead, ReadOnly: true}

// exported has the sessions share the snapshot of the first (pg_export_snapshot).
func exported(ctx context.Context, _ *Engine, _ string, sessions []*Session) error {
	var id string
	for i, s := range sessions {
		if err := s.Begin(ctx, oneState); err != nil {
			return err
		}
		ctx = s.unit.lease.Context(ctx) // who waits for another connection has this one
		if i > 0 {
			// The name is the server's own, and the statement takes no parameter.
			if _, err := Exec(ctx, s, Raw[int](Unsafe("SET TRANSACTION SNAPSHOT '"+id+"'"))); err != nil {
				return err
			}
			continue
		}
		if len(sessions) == 1 {
			return nil
		}
		var err error
		if id, err = One(ctx, s, Raw[string]("SELECT pg_export_snapshot()")); err != nil {
			return err
		}
	}
	return nil
}

// unwritten has the sessions begin to read while nobody can write.
func unwritten(ctx context.Context, e *Engine, label string, sessions []*Session) error {
	if len(sessions) > 1 {
		w := NewSession(e, label)
		defer w.close()
		if err := w.Begin(ctx, TxOptions{}); err != nil {
			return err
		}
		ctx = w.unit.lease.Context(ctx) // who waits for another connection has this one
	}
	for _, s := range sessions {
		if err := s.Begin(ctx, oneState); err != nil {
			return err
		}
		ctx = s.unit.lease.Context(ctx)
		// SQLite takes the snapshot with the first read.
		if _, err := One(ctx, s, Raw[int64]("SELECT count(*) FROM sqlite_schema").ReadOnly()); err != nil {
			return err
		}
	}
	return nil
}
