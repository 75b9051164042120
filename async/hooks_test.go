package async_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// Order has hooks; they call what the test says.
type Order struct {
	models.Model
	Text   string
	Loaded bool `db:"-"`
	before func(ctx context.Context) error
	after  func(ctx context.Context) error
}

func (o *Order) BeforeInsert(ctx context.Context) error {
	if o.before == nil {
		return nil
	}
	return o.before(ctx)
}

func (o *Order) AfterInsert(ctx context.Context) error {
	if o.after == nil {
		return nil
	}
	return o.after(ctx)
}

func (o *Order) AfterLoad(context.Context) error {
	o.Loaded = true
	return nil
}

var orderT = models.RegisterIn[Order](library)

func TestHooksInAnAsyncSession(t *testing.T) {
	both(t, pool.Config{Size: 2}, func(t *testing.T, db database) {
		ctx := t.Context()
		s := db.session(t)
		defer s.Close()
		no := errors.New("no")
		x := &Order{Text: "x"}
		x.after = func(ctx context.Context) error {
			if err := s.Flush(ctx).Wait(ctx); !errors.Is(err, models.ErrSessionBusy) {
				t.Errorf("the session itself: %v", err)
			}
			in := models.HookSession(ctx)
			if n, err := models.Count(ctx, in, models.From(orderT)); n != 1 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
			in.Add(&Author{Name: "by the hook"})
			return no
		}
		s.Add(x)
		for range 2 {
			commit := s.Commit(ctx)
			n := async.Count(ctx, s, models.From(orderT)) // waits for the commit and its hooks
			if err := commit.Wait(ctx); !errors.Is(err, no) {
				t.Fatal(err)
			}
			if n, err := n.Await(ctx); n != 0 || err != nil || x.ID != 0 {
				t.Errorf("%d, %v, key %d", n, err, x.ID)
			}
		}
		no = nil
		if err := s.Commit(ctx).Wait(ctx); err != nil {
			t.Fatal(err)
		}
		if n, err := async.Count(ctx, db, models.From(authorT)).Await(ctx); n != 1 || err != nil {
			t.Errorf("%d authors by the hook, %v", n, err)
		}
		for _, h := range []async.Handle{db, db.session(t)} {
			if got, err := async.Get[Order](ctx, h, x.ID).Await(ctx); err != nil || !got.Loaded {
				t.Errorf("%+v, %v", got, err)
			}
		}
		// On the database itself.
		y := &Order{Text: "y", before: func(ctx context.Context) error {
			if models.HookSession(ctx) != nil {
				t.Error("a session out of nowhere")
			}
			return errors.New("refused")
		}}
		if err := async.Create(ctx, db, y).Wait(ctx); err == nil || y.ID != 0 {
			t.Errorf("%v", err)
		}
	})
}

// A hook that panics is an error of the flush; one that waits learns of a Cancel and of
// Close by its ctx.
func TestHooksThatPanicOrWait(t *testing.T) {
	both(t, pool.Config{Size: 2}, func(t *testing.T, db database) {
		ctx := t.Context()
		s := db.session(t)
		x := &Order{Text: "x", before: func(context.Context) error { panic("secret") }}
		s.Add(x)
		var he *models.HookError
		if err := s.Flush(ctx).Wait(ctx); !errors.As(err, &he) || he.Panic != "secret" || fmt.Sprint(err) != "models: BeforeInsert of async_test.Order panicked" {
			t.Errorf("%v", err)
		}
		for _, end := range []func(f *async.Future[struct{}]){
			func(f *async.Future[struct{}]) { f.Cancel(errTakeBack) },
			func(*async.Future[struct{}]) {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			},
		} {
			entered := make(chan struct{})
			x.after = nil
			x.before = func(ctx context.Context) error {
				close(entered)
				<-ctx.Done()
				return context.Cause(ctx)
			}
			f := s.Flush(ctx)
			<-entered
			end(f)
			patience, cancel := context.WithTimeout(ctx, 10*time.Second)
			if err := f.Wait(patience); !errors.Is(err, errTakeBack) && !errors.Is(err, models.ErrSessionClosed) {
				t.Errorf("%v", err)
			}
			cancel()
		}
	})
}
