package models_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/models"
)

var errWanted = errors.New("wanted")

// names lists the users in the database, as a handle sees them.
func names(t *testing.T, h models.Handle) string {
	t.Helper()
	ns, err := models.All(t.Context(), h, models.Select1(models.Col(&userT.Username)).OrderBy(models.Asc(&userT.Username)))
	must(t, err)
	return strings.Join(ns, " ")
}

func TestNestedTakesBackOnlyWhatHappenedInside(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		ada, bob := newUser("ada"), newUser("bob")
		s.Add(ada, bob)
		must(t, s.Commit(ctx))
		ada.Email = "outside"
		cyd := newUser("cyd")
		s.Add(cyd)
		dan, eve := newUser("dan"), newUser("eve")
		err := s.Nested(ctx, func(ctx context.Context, in *models.Session) error {
			ada.Email, cyd.Email = "inside", "inside too"
			in.Add(dan)
			in.Delete(bob)
			must(t, in.Flush(ctx))
			in.Add(eve)
			ada.Username = "not flushed"
			return errWanted
		})
		if !errors.Is(err, errWanted) {
			t.Fatal(err)
		}
		if ada.Email != "outside" || ada.Username != "ada" || cyd.Email != "cyd@example.com" || dan.ID != 0 || cyd.ID == 0 {
			t.Errorf("not restored: %+v, %+v, %+v", ada, cyd, dan)
		}
		if got := names(t, s); got != "ada bob cyd" {
			t.Errorf("%q", got)
		}
		must(t, s.Nested(ctx, func(ctx context.Context, in *models.Session) error {
			in.Add(dan)
			cyd.Email = "kept"
			return nil
		}))
		must(t, s.Commit(ctx))
		if got := names(t, db); got != "ada bob cyd dan" {
			t.Errorf("%q", got)
		}
		got, err := models.Get[User](ctx, db, cyd.ID)
		if err != nil || got.Email != "kept" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// GORM #7173: savepoints of one name hid each other, so taking an outer part back took
// only the inner one back. Each has a name of its own, and is released when it is over;
// either would do. To see it fail let Unit.point return a constant, and take RELEASE out of
// returning.Next.
func TestGORM7173NestedSavepoints(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		add := func(in *models.Session, name string) {
			in.Add(newUser(name))
			must(t, in.Flush(t.Context()))
		}
		add(s, "a")
		err := s.Nested(ctx, func(ctx context.Context, in *models.Session) error {
			add(in, "b")
			must(t, in.Nested(ctx, func(ctx context.Context, in *models.Session) error {
				add(in, "c")
				return nil
			}))
			err := in.Nested(ctx, func(ctx context.Context, in *models.Session) error {
				add(in, "d")
				return errWanted
			})
			if got := names(t, in); got != "a b c" || !errors.Is(err, errWanted) {
				t.Errorf("%q, %v", got, err)
			}
			return errWanted
		})
		if got := names(t, s); got != "a" || !errors.Is(err, errWanted) {
			t.Errorf("%q, %v", got, err)
		}
		must(t, s.Commit(ctx))
		if got := names(t, db); got != "a" {
			t.Errorf("%q", got)
		}
	})
}

func TestNestedSavesATransactionThatTheServerGaveUp(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		s.Add(newUser("ada"))
		must(t, s.Flush(ctx))
		err := s.Nested(ctx, func(ctx context.Context, in *models.Session) error {
			_, err := models.All(ctx, in, models.Raw[int]("SELECT x FROM nowhere"))
			return err
		})
		if !errors.Is(err, driver.ErrNoTable) {
			t.Error(err)
		}
		must(t, s.Commit(ctx))
		if got := names(t, db); got != "ada" {
			t.Errorf("%q", got)
		}
	})
}

func TestNestedThatPanics(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		func() {
			defer func() {
				if r := recover(); r != errWanted {
					t.Errorf("recovered %v", r)
				}
			}()
			_ = s.Nested(ctx, func(ctx context.Context, in *models.Session) error {
				must(t, models.Create(ctx, in, newUser("ada")))
				panic(errWanted)
			})
		}()
		s.Add(newUser("bob"))
		must(t, s.Commit(ctx))
		if got := names(t, db); got != "bob" {
			t.Errorf("%q", got)
		}
	})
}

func TestNestedKeepsTheOuterSessionWaiting(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		outer := t.Context()
		s := session(t, db)
		var inner *models.Session
		var innerCtx context.Context
		must(t, s.Nested(outer, func(ctx context.Context, in *models.Session) error {
			inner, innerCtx = in, ctx
			if err := s.Flush(ctx); !errors.Is(err, models.ErrSessionBusy) {
				t.Errorf("the outer session inside: %v", err)
			}
			if err := s.Nested(ctx, nil); !errors.Is(err, models.ErrSessionBusy) {
				t.Errorf("Nested of the outer session inside: %v", err)
			}
			late, cancel := context.WithCancelCause(outer)
			cancel(errWanted)
			if err := s.Flush(late); !errors.Is(err, errWanted) {
				t.Errorf("the outer session with a ctx of its own: %v", err)
			}
			s.Add(newUser("outer")) // put off
			if err := in.Commit(ctx); !errors.Is(err, models.ErrInner) {
				t.Error(err)
			}
			if err := in.Rollback(ctx); !errors.Is(err, models.ErrInner) {
				t.Error(err)
			}
			in.Close()
			must(t, in.Nested(ctx, func(_ context.Context, in2 *models.Session) error {
				return in2.Flush(ctx) // the ctx of an outer Nested is good enough
			}))
			if got := names(t, in); got != "" {
				t.Errorf("%q", got)
			}
			return nil
		}))
		if err := inner.Flush(outer); !errors.Is(err, models.ErrSessionClosed) {
			t.Errorf("a session of a Nested that is over: %v", err)
		}
		must(t, s.Flush(innerCtx)) // nothing is busy any more
		must(t, s.Commit(outer))
		if got := names(t, db); got != "outer" {
			t.Errorf("%q", got)
		}
		inner.Add(newUser("late"))
		if err := s.Flush(outer); !errors.Is(err, models.ErrSessionClosed) {
			t.Errorf("Add to a session that is over: %v", err)
		}
	})
}

func TestNestedOutlivesItsContext(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		s := session(t, db)
		ctx, cancel := context.WithCancel(t.Context())
		err := s.Nested(ctx, func(ctx context.Context, in *models.Session) error {
			must(t, models.Create(ctx, in, newUser("ada")))
			cancel()
			return ctx.Err()
		})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		must(t, s.Commit(t.Context()))
		if got := names(t, db); got != "" {
			t.Errorf("%q", got)
		}
	})
}
