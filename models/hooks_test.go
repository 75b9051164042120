package models_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/models"
)

// Ticket has all hooks, which write down that they ran; Trail is what they write rows of.
type (
	Ticket struct {
		models.Model
		Title string
		Slug  string
		Lines models.HasMany[TicketLine] `rel:"back=Ticket,cascade=delete-orphan"`
		log   *[]string                  `db:"-"`
		fail  string
		Upper string `db:"-"`
	}
	TicketLine struct {
		models.Model
		Text     string
		TicketID int64                    `db:",fk=tickets.id"`
		Ticket   models.BelongsTo[Ticket] `rel:"back=Lines"`
	}
	Trail struct {
		models.Model
		What string
	}
)

var errHook = errors.New("refused by the hook")

var errTitle = errors.New("a title is missing")

func (x *Ticket) note(what string) error {
	if x.log != nil {
		*x.log = append(*x.log, fmt.Sprintf("%s %s %v", what, x.Title, x.ID != 0))
	}
	switch x.fail {
	case what:
		return errHook
	case "panic in " + what:
		panic("secret")
	}
	return nil
}

func (x *Ticket) BeforeInsert(context.Context) error {
	x.Slug = strings.ToLower(x.Title)
	return x.note("BeforeInsert")
}

func (x *Ticket) AfterInsert(ctx context.Context) error {
	if s := models.HookSession(ctx); s != nil {
		s.Add(&Trail{What: fmt.Sprint("inserted ", x.Title)})
	}
	return x.note("AfterInsert")
}

func (x *Ticket) BeforeUpdate(context.Context) error {
	x.Slug = strings.ToLower(x.Title)
	return x.note("BeforeUpdate")
}

func (x *Ticket) AfterUpdate(ctx context.Context) error {
	if s := models.HookSession(ctx); s != nil {
		n, err := models.Count(ctx, s, models.From(trailT))
		if err != nil {
			return err
		}
		if err := models.Create(ctx, s, &Trail{What: fmt.Sprintf("updated %s behind %d", x.Title, n)}); err != nil {
			return err
		}
	}
	return x.note("AfterUpdate")
}

func (x *Ticket) BeforeDelete(context.Context) error { return x.note("BeforeDelete") }
func (x *Ticket) AfterDelete(context.Context) error  { return x.note("AfterDelete") }

func (x *Ticket) AfterLoad(context.Context) error {
	x.Upper = strings.ToUpper(x.Title)
	return x.note("AfterLoad")
}

func (x *Ticket) Validate() error {
	if x.Title == "" {
		return errTitle
	}
	return nil
}

var (
	desk    = models.NewRegistry()
	ticketT = models.RegisterIn[Ticket](desk)
	trailT  = models.RegisterIn[Trail](desk)
)

func trail(t *testing.T, h models.Handle) string {
	t.Helper()
	got, err := models.All(t.Context(), h, models.From(trailT).OrderBy(models.Asc(&trailT.ID)))
	must(t, err)
	var out []string
	for _, x := range got {
		out = append(out, x.What)
	}
	return strings.Join(out, ", ")
}

func TestHooks(t *testing.T) {
	both(t, desk, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		var log []string
		wantLog := func(want ...string) {
			t.Helper()
			if !reflect.DeepEqual(log, want) {
				t.Errorf("hooks %q, want %q", log, want)
			}
			log = nil
		}
		s := session(t, db)
		x := &Ticket{Title: "One", log: &log}
		s.Add(x)
		must(t, s.Commit(ctx))
		wantLog("BeforeInsert One false", "AfterInsert One true")
		if x.Slug != "one" || trail(t, db) != "inserted One" {
			t.Errorf("%+v; %s", x, trail(t, db))
		}
		must(t, s.Commit(ctx))
		wantLog()
		x.Title = "Two"
		if n, err := models.Count(ctx, s, models.From(ticketT).Where(models.Eq(&ticketT.Slug, "two"))); n != 1 || err != nil {
			t.Errorf("the autoflush: %d, %v", n, err)
		}
		wantLog("BeforeUpdate Two true", "AfterUpdate Two true")
		must(t, s.Commit(ctx))
		wantLog()
		if trail(t, db) != "inserted One, updated Two behind 1" {
			t.Error(trail(t, db))
		}
		s.Delete(x)
		must(t, s.Commit(ctx))
		wantLog("BeforeDelete Two true", "AfterDelete Two true")

		// On the database itself, without a session to use.
		y := &Ticket{Title: "Three", log: &log}
		must(t, models.Create(ctx, db, y))
		wantLog("BeforeInsert Three false", "AfterInsert Three true")
		if err := models.Create(ctx, db, &Ticket{}); !errors.Is(err, models.ErrInvalid) || !errors.Is(err, errTitle) {
			t.Errorf("%v", err)
		}
		// Writes by query and inserts of many run none.
		_, err := models.Exec(ctx, db, models.Insert(&Ticket{log: &log}))
		must(t, err)
		wantLog()
	})
}

func TestAfterLoad(t *testing.T) {
	both(t, desk, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		x := &Ticket{Title: "one"}
		x.Lines.Add(&TicketLine{Text: "a"})
		w := session(t, db)
		w.Add(x)
		must(t, w.Commit(ctx))
		for _, h := range []models.Handle{db, session(t, db)} {
			a, err := models.Get[Ticket](ctx, h, x.ID)
			must(t, err)
			b, err := models.One(ctx, h, models.From(ticketT))
			must(t, err)
			line, err := models.One(ctx, h, models.From(lineT).With(models.SelectIn(&lineT.Ticket)))
			must(t, err)
			c, err := line.Ticket.Get()
			must(t, err)
			for i, y := range []*Ticket{a, b, c} {
				if y.Upper != "ONE" {
					t.Errorf("%T, read %d: %+v", h, i, y)
				}
			}
		}
		s := session(t, db)
		y, err := models.Get[Ticket](ctx, s, x.ID)
		must(t, err)
		_, err = models.Exec(ctx, db, models.Update(ticketT).Set(models.To(&ticketT.Title, "two")).Everywhere())
		must(t, err)
		must(t, s.Refresh(ctx, y))
		if y.Upper != "TWO" {
			t.Errorf("after Refresh: %+v", y)
		}
		y.fail = "AfterLoad"
		if err := s.Refresh(ctx, y); !errors.Is(err, errHook) {
			t.Errorf("%v", err)
		}
	})
}

var lineT = models.RegisterIn[TicketLine](desk)

func TestHooksThatFail(t *testing.T) {
	both(t, desk, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		for _, open := range []bool{false, true} {
			for _, hook := range []string{"BeforeInsert", "AfterInsert", "BeforeUpdate", "AfterUpdate", "BeforeDelete", "AfterDelete"} {
				for _, panics := range []bool{false, true} {
					t.Run(fmt.Sprint(hook, " panics ", panics, " open ", open), func(t *testing.T) {
						_, err := models.Exec(ctx, db, models.Delete(trailT).Everywhere())
						must(t, err)
						s := session(t, db)
						if open {
							must(t, s.Begin(ctx, models.TxOptions{}))
						}
						x := &Ticket{Title: "old"}
						s.Add(x)
						if hook == "BeforeInsert" || hook == "AfterInsert" {
							x.Title = "new"
						} else {
							must(t, s.Flush(ctx))
							if x.Title = "new"; strings.HasSuffix(hook, "Delete") {
								s.Delete(x)
							}
							if !open {
								x.Title = "old"
								if strings.HasSuffix(hook, "Delete") {
									s.Add(x)
								}
								must(t, s.Commit(ctx))
								if x.Title = "new"; strings.HasSuffix(hook, "Delete") {
									s.Delete(x)
								}
							}
						}
						if x.fail = hook; panics {
							x.fail = "panic in " + hook
						}
						id := x.ID
						for range 2 {
							err := s.Commit(ctx)
							var he *models.HookError
							if !errors.As(err, &he) || he.Hook != hook || he.Model != "models_test.Ticket" || panics != (he.Panic == "secret") || strings.Contains(err.Error(), "secret") || panics == errors.Is(err, errHook) {
								t.Fatalf("%v", err)
							}
							if x.ID != id {
								t.Errorf("the key is %d, was %d", x.ID, id)
							}
						}
						x.fail = ""
						must(t, s.Commit(ctx))
						n := count(t, db, ticketT)
						if strings.HasSuffix(hook, "Delete") != (n == 0) || n > 1 {
							t.Errorf("%d tickets", n)
						}
						if n == 1 {
							got, err := models.One(ctx, db, models.From(ticketT))
							must(t, err)
							if got.Title != "new" || got.Slug != "new" {
								t.Errorf("%+v", got)
							}
						}
						if got := trail(t, db); strings.Count(got, "inserted") != 1 {
							t.Errorf("the trail of what did not happen is still there: %s", got)
						}
						_, err = models.Exec(ctx, db, models.Delete(ticketT).Everywhere())
						must(t, err)
					})
				}
			}
		}
	})
}

// Busy's hook calls the session that it runs in.
type Busy struct {
	models.Model
	Name string
	call func(ctx context.Context) error
}

func (b *Busy) BeforeInsert(ctx context.Context) error {
	if b.call == nil {
		return nil
	}
	return b.call(ctx)
}

func TestHookThatCallsItsSession(t *testing.T) {
	r := models.NewRegistry()
	busyT := models.RegisterIn[Busy](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		x := &Busy{Name: "x"}
		var inner *models.Session
		x.call = func(ctx context.Context) error {
			for _, call := range []func() error{
				func() error { return s.Flush(ctx) },
				func() error { _, err := models.Get[Busy](ctx, s, 1); return err },
				func() error { return s.Nested(ctx, func(context.Context, *models.Session) error { return nil }) },
			} {
				if err := call(); !errors.Is(err, models.ErrSessionBusy) {
					t.Errorf("%v", err)
				}
			}
			inner = models.HookSession(ctx)
			if err := inner.Commit(ctx); !errors.Is(err, models.ErrInner) {
				t.Errorf("%v", err)
			}
			s.Add(&Busy{Name: "by the session itself, when the hook is over"})
			inner.Add(&Busy{Name: "by the hook"})
			if models.HookSession(context.Background()) != nil {
				t.Error("a session out of nowhere")
			}
			return nil
		}
		s.Add(x)
		must(t, s.Commit(ctx))
		must(t, s.Commit(ctx))
		if n := count(t, db, busyT); n != 3 {
			t.Errorf("%d rows", n)
		}
		if err := inner.Flush(ctx); !errors.Is(err, models.ErrSessionClosed) {
			t.Errorf("%v", err)
		}
		// In Nested, and a failure there.
		must(t, s.Nested(ctx, func(ctx context.Context, in *models.Session) error {
			y := &Busy{Name: "y", call: func(ctx context.Context) error {
				if err := in.Flush(ctx); !errors.Is(err, models.ErrSessionBusy) {
					t.Errorf("%v", err)
				}
				return nil
			}}
			in.Add(y)
			return in.Flush(ctx)
		}))
		must(t, s.Commit(ctx))
		if n := count(t, db, busyT); n != 4 {
			t.Errorf("%d rows", n)
		}
	})
}

type (
	wrongHook struct {
		models.Model
		Name string
	}
	wrongValidate struct {
		models.Model
		Name string
	}
)

func (*wrongHook) AfterUpdate() error                     { return nil }
func (*wrongValidate) Validate(context.Context) (_ error) { return nil }

func TestHooksOfAnotherSignature(t *testing.T) {
	for _, c := range []struct {
		got  func() (string, string)
		want string
	}{
		{mistake[wrongHook], "wrongHook.AfterUpdate is func() error and could not be called as a hook: make it func(context.Context) error"},
		{mistake[wrongValidate], "wrongValidate.Validate is func(context.Context) error and could not be called as a hook: make it func() error"},
	} {
		if _, msg := c.got(); !strings.Contains(msg, c.want) {
			t.Errorf("%s\nwant %s", msg, c.want)
		}
	}
}
