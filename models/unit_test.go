package models_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/models"
)

func session(t *testing.T, db *models.Engine) *models.Session {
	t.Helper()
	s := models.NewSession(db, t.Name())
	t.Cleanup(s.Close)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func count[T any](t *testing.T, h models.Handle, proto *T) int64 {
	t.Helper()
	n, err := models.Count(t.Context(), h, models.From(proto))
	must(t, err)
	return n
}

func TestCloseWithoutCommitRollsBack(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		s := session(t, db)
		u := newUser("ada")
		s.Add(u)
		must(t, s.Flush(t.Context()))
		if u.ID == 0 {
			t.Error("no key after the flush")
		}
		s.Close()
		s.Close()
		if n := count(t, db, userT); n != 0 {
			t.Errorf("%d rows", n)
		}
		if u.ID != 0 || !u.CreatedAt.IsZero() {
			t.Errorf("the object of a row that never was kept its key: %+v", u)
		}
		if err := s.Flush(t.Context()); !errors.Is(err, models.ErrSessionClosed) {
			t.Errorf("flush after close: %v", err)
		}
		if _, err := models.All(t.Context(), s, models.From(userT)); !errors.Is(err, models.ErrSessionClosed) {
			t.Errorf("query after close: %v", err)
		}
		// It is new again, so another session inserts it.
		s2 := session(t, db)
		s2.Add(u)
		must(t, s2.Commit(t.Context()))
		if n := count(t, db, userT); n != 1 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestRollback(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		ada, bob, cyd := newUser("ada"), newUser("bob"), newUser("cyd")
		name := "Ada"
		ada.FullName, ada.Settings = &name, map[string]any{"a": "b"}
		s.Add(ada, bob)
		must(t, s.Commit(ctx))
		wasUpdated := ada.UpdatedAt

		ada.Email = "flushed@example.com"
		*ada.FullName = "changed in place"
		ada.Settings["a"] = "changed in place"
		s.Delete(bob)
		s.Add(cyd)
		must(t, s.Flush(ctx))
		ada.Username = "not flushed"
		dan := newUser("dan")
		s.Add(dan)
		must(t, s.Rollback(ctx))

		if ada.Email != "ada@example.com" || ada.Username != "ada" || *ada.FullName != "Ada" || ada.Settings["a"] != "b" || !ada.UpdatedAt.Equal(wasUpdated) {
			t.Errorf("not restored: %+v %q", ada, *ada.FullName)
		}
		if cyd.ID != 0 || !cyd.CreatedAt.IsZero() {
			t.Errorf("kept its key: %+v", cyd)
		}
		must(t, s.Commit(ctx)) // nothing is left to do
		if n := count(t, db, userT); n != 2 {
			t.Errorf("%d rows, want ada and bob", n)
		}
		// All can go on.
		ada.Email = "new@example.com"
		s.Delete(bob)
		s.Add(cyd, dan)
		must(t, s.Commit(ctx))
		got, err := models.All(ctx, db, models.From(userT).OrderBy(models.Asc(&userT.Username)))
		must(t, err)
		if len(got) != 3 || got[0].Email != "new@example.com" || got[1].Username != "cyd" || got[2].Username != "dan" {
			t.Errorf("%d rows: %+v", len(got), got)
		}
	})
}

func TestFailedFlushLeavesAUsableSession(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		must(t, models.Create(ctx, db, newUser("taken")))
		for _, open := range []bool{false, true} {
			t.Run(fmt.Sprintf("transaction open %v", open), func(t *testing.T) {
				s := session(t, db)
				if open {
					s.Add(newUser("before"))
					must(t, s.Flush(ctx))
				}
				ok, bad := newUser("ok"), newUser("taken")
				s.Add(ok, bad)
				for _, verb := range []func(context.Context) error{s.Flush, s.Commit, s.Commit} {
					err := verb(ctx)
					var e *driver.Error
					if !errors.Is(err, driver.ErrUnique) || !errors.As(err, &e) || e.Table != "users" {
						t.Fatalf("error %v", err)
					}
					if ok.ID != 0 || bad.ID != 0 || !ok.CreatedAt.IsZero() {
						t.Errorf("keys and times were not taken back: %+v", ok)
					}
				}
				bad.Username, bad.Email = "free"+t.Name(), "free"+t.Name()
				ok.Username, ok.Email = "ok"+t.Name(), "ok"+t.Name()
				must(t, s.Commit(ctx))
				if ok.ID == 0 || bad.ID == 0 {
					t.Error("not inserted")
				}
				if open {
					if n, err := models.Count(ctx, db, models.From(userT).Where(models.Eq(&userT.Username, "before"))); n != 1 || err != nil {
						t.Errorf("what was flushed before the failure: %d rows, %v", n, err)
					}
				}
			})
		}
	})
}

func TestUpdateWritesOnlyWhatChanged(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		ada := newUser("ada")
		s.Add(ada)
		must(t, s.Commit(ctx))
		// Somebody else changes another column.
		_, err := models.Exec(ctx, db, models.Update(userT).Set(models.To(&userT.Score, 9)).Where(models.Eq(&userT.ID, ada.ID)))
		must(t, err)
		ada.Active = false // a zero value is a value
		must(t, s.Commit(ctx))
		got, err := models.Get[User](ctx, db, ada.ID)
		must(t, err)
		if got.Active || got.Score != 9 {
			t.Errorf("%+v", got)
		}
	})
}

func TestIdentityMap(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		must(t, models.Create(ctx, db, newUser("ada")))
		s := session(t, db)
		q := models.From(userT)
		a, err := models.First(ctx, s, q)
		must(t, err)
		_, err = models.Exec(ctx, db, models.Update(userT).Set(models.To(&userT.Score, 9), models.To(&userT.Email, "x")).Everywhere())
		must(t, err)
		b, err := models.One(ctx, s, q)
		must(t, err)
		if a != b {
			t.Fatal("one row, two objects")
		}
		if a.Score == 9 {
			t.Error("a read overwrote an object that was not expired")
		}
		must(t, s.Commit(ctx)) // expires
		a.Email = "mine"
		b, err = models.One(ctx, s, q.Where(models.Eq(&userT.Score, 9)))
		must(t, err)
		if b != a || a.Score != 9 {
			t.Errorf("not read again after the commit: %+v", b)
		}
		if a.Email != "mine" {
			t.Errorf("a change was overwritten: %+v", a)
		}
		c, err := models.Get[User](ctx, s, a.ID)
		must(t, err)
		if c != a {
			t.Error("Get answered with another object")
		}
		// Get does not flush changes, so it has to spare them.
		must(t, s.Commit(ctx))
		_, err = models.Exec(ctx, db, models.Update(userT).Set(models.To(&userT.Score, 10), models.To(&userT.Email, "theirs")).Everywhere())
		must(t, err)
		a.Email = "mine again"
		_, err = models.Get[User](ctx, s, a.ID)
		must(t, err)
		if a.Score != 10 || a.Email != "mine again" {
			t.Errorf("%+v", a)
		}
		must(t, s.Commit(ctx))
		if u, err := models.Get[User](ctx, db, a.ID); err != nil || u.Email != "mine again" {
			t.Errorf("%+v, %v", u, err)
		}
		tag := &Tag{Name: "go"}
		s.Add(tag)
		if got, err := models.Get[Tag](ctx, s, "go"); err != nil || got != tag {
			t.Errorf("Get of a new object by its natural key: %v, %v", got, err)
		}
	})
}

func TestAutoflush(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		ada := newUser("ada")
		s.Add(ada)
		if n := count(t, s, userT); n != 1 {
			t.Errorf("%d rows: the query did not see what was added", n)
		}
		ada.Score = 7
		got, err := models.First(ctx, s, models.From(userT).Where(models.Eq(&userT.Score, 7)))
		if err != nil || got != ada {
			t.Errorf("%v, %v: the query did not see a change", got, err)
		}
		s.Delete(ada)
		if yes, err := models.Exists(ctx, s, models.From(userT)); yes || err != nil {
			t.Errorf("%v, %v: the query did not see a deletion", yes, err)
		}
		must(t, s.Commit(ctx))
	})
}

func TestStale(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		ada, bob := newUser("ada"), newUser("bob")
		s := session(t, db)
		s.Add(ada, bob)
		must(t, s.Commit(ctx))
		_, err := models.Exec(ctx, db, models.Delete(userT).Where(models.Eq(&userT.ID, ada.ID)))
		must(t, err)
		ada.Score, bob.Score = 1, 1
		for range 2 {
			if err := s.Commit(ctx); !errors.Is(err, models.ErrStale) {
				t.Fatalf("a change of a deleted row: %v", err)
			}
		}
		if got, err := models.Get[User](ctx, db, bob.ID); err != nil || got.Score != 0 {
			t.Errorf("%+v, %v: a commit that failed was carried out", got, err)
		}
		must(t, s.Rollback(ctx))
		s.Delete(ada)
		if err := s.Commit(ctx); !errors.Is(err, models.ErrStale) {
			t.Errorf("deletion of a deleted row: %v", err)
		}
	})
}

func TestAddDecidesByOrigin(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		first := session(t, db)
		ada := newUser("ada")
		first.Add(ada)
		must(t, first.Commit(ctx))

		other := session(t, db)
		other.Add(ada)
		if err := other.Flush(ctx); !errors.Is(err, models.ErrAttached) {
			t.Errorf("an object of an open session: %v", err)
		}
		first.Close()

		ada.Score = 1
		other.Add(ada)
		must(t, other.Commit(ctx)) // an update
		if n := count(t, db, userT); n != 1 {
			t.Errorf("%d rows", n)
		}
		other.Close()

		// Loaded by the database handle.
		s := session(t, db)
		got, err := models.Get[User](ctx, db, ada.ID)
		must(t, err)
		if got.Score != 1 {
			t.Errorf("%+v", got)
		}
		early := *got // a copy of what no session has seen
		early.ID, early.Username, early.Email = 0, "early", "early"
		got.Score = 2
		s.Add(got, &early)
		must(t, s.Commit(ctx))
		// A copy with a zero key, or another one, is a new row.
		zero, other7 := *got, *got
		zero.ID, zero.Username, zero.Email = 0, "zero", "zero"
		other7.ID, other7.Username, other7.Email = 4711, "other", "other"
		s.Add(&zero, &other7)
		must(t, s.Commit(ctx))
		if n := count(t, db, userT); n != 4 {
			t.Errorf("%d rows, want 4", n)
		}
		// A copy with the same key is the same row, which the session has already.
		same := *got
		s.Add(&same)
		if err := s.Flush(ctx); !errors.Is(err, models.ErrAttached) {
			t.Errorf("a second object for one row: %v", err)
		}
		// A literal with a key is inserted with it.
		lit := newUser("literal")
		lit.ID = 99
		s.Add(lit)
		must(t, s.Commit(ctx))
		if u, err := models.Get[User](ctx, db, 99); err != nil || u.Username != "literal" {
			t.Errorf("%v, %v", u, err)
		}
	})
}

func TestStructsWithoutModel(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		tag := &Tag{Name: "go", Label: "Go"}
		s.Add(tag)
		s.Add(tag)
		must(t, s.Commit(ctx))
		tag.Label = "Golang"
		must(t, s.Commit(ctx))
		got, err := models.Get[Tag](ctx, db, "go")
		if err != nil || got.Label != "Golang" {
			t.Errorf("%+v, %v", got, err)
		}
		tag.Name = "golang" // a natural key may change
		must(t, s.Commit(ctx))
		if g, err := models.Get[Tag](ctx, s, "golang"); err != nil || g != tag {
			t.Errorf("%+v, %v", g, err)
		}
		tag.Name = "again"
		must(t, s.Flush(ctx))
		must(t, s.Rollback(ctx))
		if tag.Name != "golang" {
			t.Errorf("%+v", tag)
		}
		if g, err := models.Get[Tag](ctx, s, "golang"); err != nil || g != tag {
			t.Errorf("%+v, %v", g, err)
		}
		s.Delete(tag)
		must(t, s.Flush(ctx))
		must(t, s.Rollback(ctx))
		s.Delete(tag)
		must(t, s.Flush(ctx))
		s.Add(tag) // a new row, in this transaction
		must(t, s.Flush(ctx))
		must(t, s.Rollback(ctx))
		tag.Label = "the old row"
		must(t, s.Commit(ctx))
		if got, err := models.Get[Tag](ctx, db, "golang"); err != nil || got.Label != "the old row" {
			t.Errorf("%+v, %v", got, err)
		}
		s.Delete(tag)
		must(t, s.Commit(ctx))
		if n := count(t, db, tagT); n != 0 {
			t.Errorf("%d rows", n)
		}
		s.Add(tag) // it has no row any more
		must(t, s.Commit(ctx))
		if n := count(t, db, tagT); n != 1 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestMistakesOfAddAndDelete(t *testing.T) {
	db := open(t, "sqlite::memory:", blog)
	s := session(t, db)
	type Unfit struct{ Name string }
	for _, c := range []struct {
		do   func()
		want string
	}{
		{func() { s.Add(42) }, "Add(int): want a pointer to a struct"},
		{func() { s.Add(User{}) }, "Add(models_test.User): want a pointer to a struct"},
		{func() { s.Add((*User)(nil)) }, "Add of a nil *models_test.User"},
		{func() { s.Add(nil) }, "want a pointer to a struct"},
		{func() { s.Add(&Unfit{}) }, "has no key"},
		{func() { s.Add(userT) }, "it names columns and is no object"},
		{func() { s.Add(&mixin{}) }, "has no columns of its own"},
		{func() { s.Delete(newUser("x")) }, "was never read or written"},
		{func() { s.Delete(&Tag{}) }, "was never read or written"},
	} {
		c.do()
		err := s.Commit(t.Context())
		if err == nil || !containsText(err, c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
		must(t, s.Commit(t.Context())) // told once
	}
}

// An error of a statement inside the transaction ends it on both databases: the session
// says so until Rollback.
func TestLostTransactionNeedsRollback(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		s.Add(newUser("ada"))
		must(t, s.Flush(ctx))
		if _, err := models.Exec(ctx, s, models.Raw[int]("INSERT INTO nowhere VALUES (1)")); !errors.Is(err, driver.ErrNoTable) {
			t.Fatalf("%v", err)
		}
		for _, err := range []error{s.Flush(ctx), s.Commit(ctx), get[User](ctx, s, 1)} {
			if !errors.Is(err, models.ErrNeedsRollback) || !errors.Is(err, driver.ErrNoTable) {
				t.Errorf("%v, want what happened and what to do", err)
			}
		}
		must(t, s.Rollback(ctx))
		s.Add(newUser("bob"))
		must(t, s.Commit(ctx))
		if n := count(t, db, userT); n != 1 {
			t.Errorf("%d rows", n)
		}
	})
}

// An update of another kind of statement than the flush inside one transaction.
func TestTransactionSpansVerbs(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		_, err := models.Exec(ctx, s, models.Raw[int]("INSERT INTO tags (name, label) VALUES (:n, '')", models.Args{"n": "raw"}))
		must(t, err)
		_, err = models.Exec(ctx, s, models.Insert(&Tag{Name: "bulk"}, &Tag{Name: "bulk2"}))
		must(t, err)
		s.Add(&Tag{Name: "added"})
		if n := count(t, s, tagT); n != 4 {
			t.Errorf("%d rows inside", n)
		}
		if n := count(t, db, tagT); n != 0 {
			t.Errorf("%d rows outside", n)
		}
		must(t, s.Commit(ctx))
		if n := count(t, db, tagT); n != 4 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestFlushOrdersByForeignKeys(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		u, p := newUser("ada"), &Post{Title: "x"}
		u.ID, p.ID, p.AuthorID = 7, 8, 7
		pt, tag := &PostTag{8, "go", 1}, &Tag{Name: "go"}
		s.Add(pt, tag, p, u)
		must(t, s.Commit(ctx))
		s.Delete(tag, u, p, pt)
		must(t, s.Commit(ctx))
		for _, n := range []int64{count(t, db, userT), count(t, db, postT), count(t, db, tagT), count(t, db, postTagT)} {
			if n != 0 {
				t.Errorf("%d rows left", n)
			}
		}
	})
}

// A foreign key that is checked at COMMIT makes COMMIT itself fail.
func TestFailedCommitCanBeRepeated(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		_, err := models.Exec(ctx, db, models.Raw[int]("CREATE TABLE late (id bigint REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED)"))
		must(t, err)
		s := session(t, db)
		ada, brief := newUser("ada"), newUser("brief")
		s.Add(ada, brief)
		must(t, s.Flush(ctx))
		s.Delete(brief)
		must(t, s.Flush(ctx))
		_, err = models.Exec(ctx, s, models.Raw[int]("INSERT INTO late VALUES (4711)"))
		must(t, err)
		if err := s.Commit(ctx); !errors.Is(err, driver.ErrForeignKey) {
			t.Fatalf("%v", err)
		}
		if ada.ID != 0 {
			t.Error("the key of a row that was rolled back is still there")
		}
		must(t, s.Commit(ctx)) // without the raw row
		if n := count(t, db, userT); n != 1 || ada.ID == 0 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestSessionOfManyGoroutines(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for j := range 10 {
					s.Add(newUser(fmt.Sprint(i, "-", j)))
					if _, err := models.Count(ctx, s, models.From(userT)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		must(t, s.Commit(ctx))
		if n := count(t, db, userT); n != 80 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestSessionWaitObeysContext(t *testing.T) {
	db := open(t, "sqlite::memory:", blog)
	s := session(t, db)
	release := models.Occupy(s)
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	cancel(cause)
	if err := s.Flush(ctx); !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
	release()
	must(t, s.Flush(t.Context()))
}

// A canceled flush leaves the session usable, and the connection goes back.
func TestCanceledFlush(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s := session(t, db)
		ada := newUser("ada")
		s.Add(ada)
		if err := s.Commit(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("%v", err)
		}
		must(t, s.Flush(t.Context()))
		ada.Score = 3
		if err := s.Commit(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("%v", err)
		}
		must(t, s.Commit(t.Context()))
		if u, err := models.Get[User](t.Context(), db, ada.ID); err != nil || u.Score != 3 {
			t.Errorf("%+v, %v", u, err)
		}
	})
}

func TestServerDefaults(t *testing.T) {
	type Config struct {
		models.Model
		Level *int    `db:",default=5"`
		Mode  *string `db:",default='it''s, on'"`
	}
	r := models.NewRegistry()
	models.RegisterIn[Config](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		three := 3
		a, b := &Config{}, &Config{Level: &three}
		s.Add(a, b)
		must(t, s.Commit(ctx))
		if *a.Level != 5 || *a.Mode != "it's, on" || *b.Level != 3 || *b.Mode != "it's, on" {
			t.Errorf("%+v %+v", a, b)
		}
		c := &Config{}
		must(t, models.Create(ctx, db, c))
		if *c.Level != 5 || c.ID == 0 {
			t.Errorf("%+v", c)
		}
	})
}

func TestStampsAreKeptIfSet(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		then := time.Date(2001, 2, 3, 4, 5, 6, 7000, time.UTC)
		u := newUser("ada")
		u.CreatedAt, u.UpdatedAt = then, then
		s.Add(u)
		must(t, s.Commit(ctx))
		if !u.CreatedAt.Equal(then) || !u.UpdatedAt.Equal(then) {
			t.Errorf("%+v", u)
		}
		later := then.Add(time.Hour)
		u.UpdatedAt, u.Score = later, 1
		must(t, s.Commit(ctx))
		got, err := models.Get[User](ctx, db, u.ID)
		if err != nil || !got.UpdatedAt.Equal(later) || !got.CreatedAt.Equal(then) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
