package modeltest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/models"
)

// Deposit has what a unit of work does by itself: a version, a mark for deleted rows, and
// hooks.
type Deposit struct {
	models.Model
	Owner   string
	Cents   int
	Version int        `db:",version"`
	GoneAt  *time.Time `db:",softdelete"`
	calls   []string
}

// BeforeUpdate notes that it was called.
func (d *Deposit) BeforeUpdate(context.Context) error {
	d.calls = append(d.calls, "BeforeUpdate")
	return nil
}

// Validate refuses debts.
func (d *Deposit) Validate() error {
	if d.Cents < 0 {
		return errDebt
	}
	return nil
}

var (
	depositT = models.Register[Deposit]()
	errDebt  = errors.New("less than nothing")
)

func init() {
	suite = append(suite, []part{
		{"seed20 session", seed20},
		{"seed21 async session", seed21},
		{"seed28 refresh after commit", seed28},
		{"seed29 detached and expired objects", seed29},
		{"seed31 Set from a form", seed31},
		{"seed34 SQL is no run-time string", seed34},
		{"a lost update is noticed", stale},
		{"rows marked as deleted", marked},
		{"hooks", hooks},
		{"merge", merging},
		{"expunge and states", states},
		{"a part that fails by itself", nested},
		{"a transaction is repeated as a whole", inTx},
		{"existing objects are overwritten on demand", populating},
	}...)
}

func (s *session) refresh(objs ...any) error {
	if s.futures != nil {
		return s.futures.Refresh(s.Context(), objs...).Wait(s.Context())
	}
	return s.blocking.Refresh(s.Context(), objs...)
}

func (s *session) expire(objs ...any) {
	if s.futures != nil {
		s.futures.Expire(objs...)
	} else {
		s.blocking.Expire(objs...)
	}
}

func (s *session) expunge(objs ...any) {
	if s.futures != nil {
		s.futures.Expunge(objs...)
	} else {
		s.blocking.Expunge(objs...)
	}
}

func (s *session) purge(objs ...any) {
	if s.futures != nil {
		s.futures.Purge(objs...)
	} else {
		s.blocking.Purge(objs...)
	}
}

func (s *session) state(x any) (models.State, error) {
	if s.futures != nil {
		return s.futures.State(s.Context(), x).Await(s.Context())
	}
	return s.blocking.State(s.Context(), x)
}

func (s *session) changes(x any) ([]models.Change, error) {
	if s.futures != nil {
		return s.futures.Changes(s.Context(), x).Await(s.Context())
	}
	return s.blocking.Changes(s.Context(), x)
}

// lists counts what is new, dirty and to be deleted.
func (s *session) lists() string {
	s.Helper()
	var out [3][]any
	var errs [3]error
	if s.futures != nil {
		out[0], errs[0] = s.futures.New(s.Context()).Await(s.Context())
		out[1], errs[1] = s.futures.Dirty(s.Context()).Await(s.Context())
		out[2], errs[2] = s.futures.Deleted(s.Context()).Await(s.Context())
	} else {
		out[0], errs[0] = s.blocking.New(s.Context())
		out[1], errs[1] = s.blocking.Dirty(s.Context())
		out[2], errs[2] = s.blocking.Deleted(s.Context())
	}
	s.must(errors.Join(errs[:]...))
	return fmt.Sprint(len(out[0]), len(out[1]), len(out[2]))
}

func merge[T any](s *session, x *T) (*T, error) {
	if s.async {
		return async.Merge(s.Context(), s.target(), x).Await(s.Context())
	}
	return models.Merge(s.Context(), s.handle(), x)
}

// nested runs fn in a part of the transaction.
func (s *session) nested(fn func(ctx context.Context, in *session) error) error {
	if s.futures != nil {
		return s.futures.Nested(s.Context(), func(ctx context.Context, in *async.Session) error {
			return fn(ctx, &session{side: s.side, futures: in})
		}).Wait(s.Context())
	}
	return s.blocking.Nested(s.Context(), func(ctx context.Context, in *models.Session) error {
		return fn(ctx, &session{side: s.side, blocking: in})
	})
}

// inTx runs fn in a transaction of its own.
func (s side) inTx(o models.TxOptions, fn func(ctx context.Context, in *session) error) error {
	if s.async {
		return async.InTx(s.Context(), s.db, o, func(ctx context.Context, in *async.Session) error {
			return fn(ctx, &session{side: s, futures: in})
		}).Wait(s.Context())
	}
	return s.db.InTx(s.Context(), o, func(ctx context.Context, in *models.Session) error {
		return fn(ctx, &session{side: s, blocking: in})
	})
}

func seed20(s side) {
	ses := s.db.Session()
	defer ses.Close()
	ses.Add(&Member{Name: "ada"})
	if n, err := models.Count(s.Context(), ses, models.From(memberT)); n != 1 || err != nil {
		s.Errorf("a query does not see what was added: %d, %v", n, err)
	}
	s.wantMembers("")
	s.must(ses.Commit(s.Context()))
	s.wantMembers("ada")
}

func seed21(s side) {
	ses := s.db.AsyncSession()
	ada := &Member{Name: "ada"}
	ses.Add(ada)
	ses.Flush(s.Context()) // nobody awaits it
	all, n := async.All(s.Context(), ses, models.From(memberT)), async.Count(s.Context(), ses, models.From(memberT))
	done := ses.Commit(s.Context())
	got, err := all.Await(s.Context())
	if err != nil || len(got) != 1 || got[0] != ada {
		s.Errorf("%v, %v", got, err)
	}
	if n, err := n.Await(s.Context()); n != 1 || err != nil {
		s.Errorf("%d, %v", n, err)
	}
	s.must(done.Wait(s.Context()))
	s.must(ses.Close())
	s.wantMembers("ada")
}

func seed28(s side) {
	ses := s.session()
	ada := &Member{Name: "ada"}
	ses.add(ada)
	s.must(ses.commit())
	if ada.ID == 0 || ada.Joined.IsZero() {
		s.Errorf("not filled in: %+v", ada)
	}
	_, err := exec(s.direct(), models.Update(memberT).Set(models.To(&memberT.Points, 77)).Everywhere())
	s.must(err)
	s.must(ses.refresh(ada))
	if ada.Points != 77 {
		s.Errorf("%+v", ada)
	}
	ada.Points, ada.Name = 1, "changed"
	s.must(ses.refresh(ada, &ada.Points))
	if ada.Points != 77 || ada.Name != "changed" {
		s.Errorf("a single field: %+v", ada)
	}
}

func seed29(s side) {
	ms := members(s, "ada")
	ses := s.session()
	ada, err := get[Member](ses, ms[0].ID)
	s.must(err)
	_, err = exec(s.direct(), models.Update(memberT).Set(models.To(&memberT.Points, 5)).Everywhere())
	s.must(err)
	ses.expire(ada)
	if ada.Points != 0 {
		s.Error("an expired object keeps its values until it is read again")
	}
	if got, err := get[Member](ses, ada.ID); err != nil || got != ada || ada.Points != 5 {
		s.Errorf("%+v, %v", got, err)
	}
	s.must(ses.close())
	if ada.Points != 5 || ada.Name != "ada" {
		s.Errorf("a detached object lost its values: %+v", ada)
	}
	other := s.session()
	if err := other.refresh(ada); !errors.Is(err, models.ErrDetached) {
		s.Errorf("%v", err)
	}
	other.add(ada)
	s.must(other.refresh(ada))
}

func seed31(s side) {
	ms := members(s, "ada")
	ses := s.session()
	ada, err := get[Member](ses, ms[0].ID)
	s.must(err)
	s.must(models.Set(ada, models.Vals{"name": "Ada", "points": "42"}))
	s.must(ses.commit())
	if got, err := get[Member](s.direct(), ada.ID); err != nil || got.Name != "Ada" || got.Points != 42 {
		s.Errorf("%+v, %v", got, err)
	}
	if err := models.Set(ada, models.Vals{"pointz": 1}); err == nil || !strings.Contains(err.Error(), "pointz") {
		s.Errorf("an unknown name: %v", err)
	}
	if err := models.Set(ada, models.Vals{"points": "many"}); err == nil || !strings.Contains(err.Error(), "points") && !strings.Contains(err.Error(), "Points") || ada.Points != 42 {
		s.Errorf("a value that does not fit: %v", err)
	}
}

func seed34(s side) {
	sql := reflect.TypeOf(models.Raw[int]).In(0)
	if sql.Kind() != reflect.String || sql.PkgPath() == "" || sql.Name()[0] < 'a' {
		s.Errorf("raw SQL takes %s, which a run-time string fits", sql)
	}
	name := "x'; DROP TABLE members; --"
	members(s, "ada")
	got, err := all(s.direct(), models.Raw[Member]("SELECT * FROM members WHERE name = :name", models.Args{"name": name}).ReadOnly())
	if len(got) != 0 || err != nil {
		s.Errorf("%v, %v", got, err)
	}
	s.wantMembers("ada")
}

func stale(s side) {
	d := &Deposit{Owner: "ada", Cents: 100}
	s.must(create(s.direct(), d))
	one, two := s.session(), s.session()
	a, err := get[Deposit](one, d.ID)
	s.must(err)
	b, err := get[Deposit](two, d.ID)
	s.must(err)
	a.Cents, b.Cents = 90, 80
	s.must(one.commit())
	for range 2 {
		if err := two.commit(); !errors.Is(err, spillway.ErrStale) {
			s.Fatalf("a lost update: %v", err)
		}
	}
	s.must(two.refresh(b))
	b.Cents -= 20
	s.must(two.commit())
	if got, err := get[Deposit](s.direct(), d.ID); err != nil || got.Cents != 70 || got.Version != 3 {
		s.Errorf("%+v, %v", got, err)
	}
}

func marked(s side) {
	ses := s.session()
	a, b := &Deposit{Owner: "a"}, &Deposit{Owner: "b"}
	ses.add(a, b)
	s.must(ses.commit())
	ses.delete(a)
	s.must(ses.commit())
	q := models.From(depositT)
	for _, h := range []*session{ses, s.direct()} {
		live, err := count(h, q)
		s.must(err)
		every, err := count(h, q.WithDeleted())
		s.must(err)
		if live != 1 || every != 2 {
			s.Errorf("%d of %d", live, every)
		}
		if _, err := get[Deposit](h, a.ID); !errors.Is(err, spillway.ErrNotFound) {
			s.Errorf("%v", err)
		}
	}
	ses.add(a)
	a.GoneAt = nil
	s.must(ses.commit())
	ses.purge(b)
	s.must(ses.commit())
	if n, err := count(s.direct(), q.WithDeleted()); n != 1 || err != nil {
		s.Errorf("%d, %v", n, err)
	}
}

func hooks(s side) {
	ses := s.session()
	d := &Deposit{Owner: "ada"}
	ses.add(d)
	s.must(ses.commit())
	d.Cents = -1
	for range 2 {
		if err := ses.commit(); !errors.Is(err, models.ErrInvalid) || !errors.Is(err, errDebt) {
			s.Errorf("%v", err)
		}
	}
	d.Cents, d.calls = 1, nil
	s.must(ses.commit())
	if fmt.Sprint(d.calls) != "[BeforeUpdate]" {
		s.Errorf("%v", d.calls)
	}
}

func merging(s side) {
	ms := members(s, "ada")
	ses := s.session()
	got, err := merge(ses, &Member{Model: models.Model{ID: ms[0].ID}, Name: "ADA", Points: 3})
	s.must(err)
	fresh, err := merge(ses, &Member{Name: "bob"})
	s.must(err)
	if mine, err := get[Member](ses, ms[0].ID); mine != got || err != nil {
		s.Errorf("%+v, %v", mine, err)
	}
	s.must(ses.commit())
	if fresh.ID == 0 || got.Joined.IsZero() {
		s.Errorf("%+v %+v", fresh, got)
	}
	s.wantMembers("ADA bob")
}

func states(s side) {
	ses := s.session()
	m := &Member{Name: "ada"}
	want := func(want models.State, lists string) {
		s.Helper()
		got, err := ses.state(m)
		if have := ses.lists(); got != want || err != nil || have != lists {
			s.Errorf("%v with %s, want %v with %s; %v", got, have, want, lists, err)
		}
	}
	want(models.Transient, "0 0 0")
	ses.add(m)
	want(models.Pending, "1 0 0")
	s.must(ses.commit())
	want(models.Persistent, "0 0 0")
	m.Points = 99
	want(models.Persistent, "0 1 0")
	if ch, err := ses.changes(m); err != nil || len(ch) != 1 || ch[0].Field != "Points" || ch[0].Old != 0 || ch[0].New != 99 {
		s.Errorf("%+v, %v", ch, err)
	}
	ses.expunge(m)
	want(models.Detached, "0 0 0")
	s.must(ses.commit())
	if got, err := get[Member](s.direct(), m.ID); err != nil || got.Points != 0 {
		s.Errorf("%+v, %v", got, err)
	}
	ses.add(m)
	ses.delete(m)
	want(models.Deleting, "0 0 1")
	s.must(ses.commit())
	want(models.Transient, "0 0 0")
}

func nested(s side) {
	ses := s.session()
	ses.add(&Member{Name: "outer"})
	bad := errors.New("no")
	err := ses.nested(func(_ context.Context, in *session) error {
		in.add(&Member{Name: "lost"})
		if err := in.flush(); err != nil {
			return err
		}
		return bad
	})
	if !errors.Is(err, bad) {
		s.Errorf("%v", err)
	}
	s.must(ses.nested(func(_ context.Context, in *session) error {
		in.add(&Member{Name: "inner"})
		return nil
	}))
	s.must(ses.commit())
	s.wantMembers("inner outer")
}

func inTx(s side) {
	members(s, "ada")
	runs := 0
	err := s.inTx(models.TxOptions{Isolation: models.Serializable}, func(_ context.Context, in *session) error {
		runs++
		in.add(&Member{Name: "bob"})
		if err := in.flush(); err != nil {
			return err
		}
		if runs == 1 {
			return &spillway.Error{Kind: spillway.ErrSerialization, Message: "as the database would say"}
		}
		return nil
	})
	if err != nil || runs != 2 {
		s.Errorf("%d runs, %v", runs, err)
	}
	s.wantMembers("ada bob")
	err = s.inTx(models.TxOptions{ReadOnly: true}, func(_ context.Context, in *session) error {
		in.add(&Member{Name: "cyd"})
		return in.flush()
	})
	if !errors.Is(err, spillway.ErrReadOnly) {
		s.Errorf("%v", err)
	}
}

func populating(s side) {
	ms := members(s, "ada")
	ses := s.session()
	ada, err := get[Member](ses, ms[0].ID)
	s.must(err)
	_, err = exec(s.direct(), models.Update(memberT).Set(models.To(&memberT.Points, 5)).Everywhere())
	s.must(err)
	q := models.From(memberT)
	if got, err := one(ses, q); got != ada || ada.Points != 0 || err != nil {
		s.Errorf("a read touched an object that the session has: %+v, %v", got, err)
	}
	if got, err := one(ses, q.PopulateExisting()); got != ada || ada.Points != 5 || err != nil {
		s.Errorf("%+v, %v", got, err)
	}
}
