package async_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

var errWanted = errors.New("wanted")

func authors(t *testing.T, h async.Handle) int64 {
	t.Helper()
	n, err := async.Count(t.Context(), h, models.From(authorT)).Await(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNested(t *testing.T) {
	both(t, pool.Config{Size: 4}, func(t *testing.T, db database) {
		ctx := t.Context()
		s := db.session(t)
		var inner *async.Session
		f := s.Nested(ctx, func(ctx context.Context, in *async.Session) error {
			inner = in
			if err := s.Flush(ctx).Wait(ctx); !errors.Is(err, models.ErrSessionBusy) {
				t.Errorf("the outer session inside: %v", err)
			}
			if err := in.Commit(ctx).Wait(ctx); !errors.Is(err, models.ErrInner) {
				t.Error(err)
			}
			s.Add(&Author{Name: "outer"}) // waits
			in.Add(&Author{Name: "in"})
			async.Create(ctx, in, &Author{Name: "not awaited"})
			failed := in.Nested(ctx, func(ctx context.Context, in *async.Session) error {
				return errors.Join(async.Create(ctx, in, &Author{Name: "taken back"}).Wait(ctx), errWanted)
			})
			if err := failed.Wait(ctx); !errors.Is(err, errWanted) {
				t.Error(err)
			}
			return nil
		})
		behind := s.Commit(ctx)
		if err := f.Wait(ctx); err != nil {
			t.Error(err)
		}
		if err := behind.Wait(ctx); err != nil {
			t.Error(err)
		}
		if err := s.Commit(ctx).Wait(ctx); err != nil {
			t.Error(err)
		}
		if n := authors(t, db); n != 3 {
			t.Errorf("%d rows", n)
		}
		if err := inner.Flush(ctx).Wait(ctx); !errors.Is(err, models.ErrSessionClosed) {
			t.Error(err)
		}
		var p *async.PanicError
		if err := s.Nested(ctx, func(context.Context, *async.Session) error { panic("oops") }).Wait(ctx); !errors.As(err, &p) {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseInsideNestedDoesNotHang(t *testing.T) {
	both(t, pool.Config{Size: 4}, func(t *testing.T, db database) {
		s := async.NewSession(db.engine, t.Name(), 10*time.Millisecond)
		f := s.Nested(t.Context(), func(ctx context.Context, in *async.Session) error {
			if err := s.Close(); !errors.Is(err, models.ErrSessionBusy) {
				t.Errorf("%v", err)
			}
			<-ctx.Done()
			return context.Cause(ctx)
		})
		if err := f.Wait(t.Context()); !errors.Is(err, models.ErrSessionClosed) {
			t.Errorf("%v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestInTx(t *testing.T) {
	both(t, pool.Config{Size: 4}, func(t *testing.T, db database) {
		ctx := t.Context()
		add := func(name string, end func() error) error {
			return async.InTx(ctx, db, models.TxOptions{}, func(ctx context.Context, s *async.Session) error {
				async.Create(ctx, s, &Author{Name: name})
				return end()
			}).Wait(ctx)
		}
		if err := add("kept", func() error { return nil }); err != nil {
			t.Error(err)
		}
		if err := add("failed", func() error { return errWanted }); !errors.Is(err, errWanted) {
			t.Error(err)
		}
		var p *async.PanicError
		if err := add("panicked", func() error { panic("oops") }); !errors.As(err, &p) {
			t.Error(err)
		}
		if n := authors(t, db); n != 1 {
			t.Errorf("%d rows", n)
		}
		f := async.InTx(ctx, db, models.TxOptions{}, func(ctx context.Context, _ *async.Session) error {
			<-ctx.Done()
			return context.Cause(ctx)
		})
		f.Cancel(errWanted)
		if err := f.Wait(ctx); !errors.Is(err, errWanted) {
			t.Error(err)
		}
	})
}
