package async_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// shelf writes authors a000, a001, ….
func shelf(t *testing.T, db database, n int) {
	t.Helper()
	all := make([]*Author, n)
	for i := range all {
		all[i] = &Author{Name: fmt.Sprintf("a%03d", i)}
	}
	if _, err := models.Exec(t.Context(), db.engine, models.Insert(all...)); err != nil {
		t.Fatal(err)
	}
}

// names drains an Each of authors.
func names(ctx context.Context, h async.Handle, q models.Query[*Author]) (out []string, err error) {
	for a, err := range async.Each(ctx, h, q) {
		if err != nil {
			return out, err
		}
		out = append(out, a.Name)
	}
	return out, nil
}

// until waits for what happens at any moment.
func until(t *testing.T, happened func() bool) {
	t.Helper()
	for begin := time.Now(); !happened(); runtime.Gosched() {
		if time.Since(begin) > 20*time.Second {
			t.Fatal("it does not happen")
		}
	}
}

func TestEachGivesWhatAllDoes(t *testing.T) {
	both(t, pool.Config{Size: 3}, func(t *testing.T, db database) {
		shelf(t, db, 53)
		ctx := t.Context()
		s := db.session(t)
		defer s.Close()
		from := models.From(authorT)
		for name, tt := range map[string]struct {
			q     models.Query[*Author]
			keyed bool
		}{
			"by key":               {from, true},
			"by a column":          {from.OrderBy(models.Desc(&authorT.Name)), true},
			"with a limit":         {from.OrderBy(models.Asc(&authorT.Name)).Limit(23), true},
			"with a limit of none": {from.Limit(0), true},
			"nothing":              {from.Where(models.Eq(&authorT.Name, "nobody")), true},
			"with an offset":       {from.OrderBy(models.Asc(&authorT.ID)).Offset(10), false},
			"distinct":             {from.Distinct().OrderBy(models.Asc(&authorT.ID)), false},
		} {
			q := tt.q
			if name == "by key" {
				q = q.OrderBy(models.Asc(&authorT.ID))
			}
			want := []string{}
			all, err := async.All(ctx, db, q).Await(ctx)
			if err != nil {
				t.Fatal(name, err)
			}
			for _, a := range all {
				want = append(want, a.Name)
			}
			for _, chunk := range []int{1, 7, 53, 500} {
				got, err := names(ctx, db, tt.q.Chunk(chunk))
				if err != nil || !slices.Equal(got, want) {
					t.Errorf("%s, chunks of %d: %d rows, want %d; %v", name, chunk, len(got), len(want), err)
				}
				got, err = names(ctx, s, tt.q.Chunk(chunk))
				switch {
				case tt.keyed && (err != nil || !slices.Equal(got, want)):
					t.Errorf("%s, chunks of %d, session: %d rows, want %d; %v", name, chunk, len(got), len(want), err)
				case !tt.keyed && (err == nil || !strings.Contains(err.Error(), "use the *spillway.DB")):
					t.Errorf("%s in a session: %v", name, err)
				}
			}
		}
		if _, err := names(ctx, db, from.Chunk(0)); err == nil {
			t.Error("chunks of no rows")
		}
	})
}

// While the loop is at the first row the second chunk comes. Seen to fail with the next
// chunk asked for behind the loop over the rows.
func TestEachReadsAhead(t *testing.T) {
	both(t, pool.Config{Size: 3}, func(t *testing.T, db database) {
		shelf(t, db, 20)
		ctx, s := t.Context(), db.session(t)
		defer s.Close()
		byKey, held := models.From(authorT).Chunk(5), models.From(authorT).OrderBy(models.Asc(&authorT.ID)).Offset(1).Chunk(5)
		for name, seq := range map[string]func(func(*Author, error) bool){
			"db": async.Each(ctx, db, byKey), "session": async.Each(ctx, s, byKey), "held": async.Each(ctx, db, held),
		} {
			flights, rows := db.pool.Stats().Flights, 0
			for _, err := range seq {
				if err != nil {
					t.Fatal(name, err)
				}
				rows++
				if rows == 1 {
					until(t, func() bool { return db.pool.Stats().Flights >= flights+2 })
				}
			}
			want := 20
			if name == "held" {
				want = 19
			}
			if rows != want {
				t.Errorf("%s: %d rows, want %d", name, rows, want)
			}
		}
	})
}

// However a loop ends, nothing is under way behind it and nothing is kept.
func TestEachLeavesNothingBehind(t *testing.T) {
	both(t, pool.Config{Size: 2}, func(t *testing.T, db database) {
		shelf(t, db, 20)
		byKey := models.From(authorT).Chunk(3)
		held := byKey.OrderBy(models.Asc(&authorT.ID)).Offset(1)
		for _, q := range []models.Query[*Author]{byKey, held} {
			for a, err := range async.Each(t.Context(), db, q) {
				if err != nil || a == nil {
					t.Fatal(err)
				}
				break
			}
			ctx, cancel := context.WithCancel(t.Context())
			t.Cleanup(cancel)
			n, last := 0, error(nil)
			for _, err := range async.Each(ctx, db, q) {
				if n++; n == 2 {
					cancel()
				}
				last = err
			}
			if !errors.Is(last, context.Canceled) || n > 7 {
				t.Errorf("canceled: %d rows, then %v", n, last)
			}
			func() {
				defer func() { _ = recover() }()
				for range async.Each(t.Context(), db, q) {
					panic("the loop's own")
				}
			}()
			until(t, func() bool { // a connection is cleaned before it is free
				st := db.pool.Stats()
				return st.Used == 0 && st.Leased == 0
			})
		}
	})
}

// Other calls of the session go on between the chunks, those of the loop among them, and
// its Close ends the loop.
func TestEachSharesItsSession(t *testing.T) {
	both(t, pool.Config{Size: 2}, func(t *testing.T, db database) {
		shelf(t, db, 20)
		ctx := t.Context()
		s := db.session(t)
		defer s.Close()
		mine, err := async.First(ctx, s, models.From(authorT).Where(models.Eq(&authorT.Name, "a011"))).Await(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for a, err := range async.Each(ctx, s, models.From(authorT).Chunk(4)) {
			if err != nil {
				t.Fatal(err)
			}
			if a.ID == mine.ID && a != mine {
				t.Error("the session has this object, and another was given")
			}
			n++
			s.Add(&Book{Title: a.Name, AuthorID: a.ID})
			if err := s.Flush(ctx).Wait(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Commit(ctx).Wait(ctx); err != nil || n != 20 {
			t.Errorf("%d authors, %v", n, err)
		}
		if books, err := async.Count(ctx, db, models.From(bookT)).Await(ctx); books != 20 || err != nil {
			t.Errorf("%d books, %v", books, err)
		}
		n = 0
		var last error
		for _, err := range async.Each(ctx, s, models.From(authorT).Chunk(4)) {
			if n++; n == 1 {
				s.Close()
			}
			last = err
		}
		if !errors.Is(last, models.ErrSessionClosed) {
			t.Errorf("after Close: %d rows, then %v", n, last)
		}
	})
}
