package models_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

// Tests of this file are named after complaints about other libraries. What would bring
// each of them back is said in front of it.

// Bun put values into the text of a query, in which a ? or a :name of a value was then
// taken for a placeholder. Here: write the value into the text in rawText.statement, or in
// Writer.param.
func TestBun1228ValuesAreNeverText(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		for i, evil := range []string{"?", ":name", "$1", "?1", "'; DROP TABLE users; --", `"`, `\'`, "%", "{{.}}", ":a::text", "/* */", "--"} {
			u := newUser(fmt.Sprint("u", i))
			u.Email = evil
			must(t, models.Create(ctx, db, u))
			got, err := models.All(ctx, db, models.Raw[User]("SELECT * FROM users WHERE email = :a AND username <> :name AND email IN :list",
				models.Args{"a": evil, "name": ":a", "list": []string{evil, ":a"}}))
			if len(got) != 1 || err != nil || got[0].Email != evil {
				t.Errorf("%q: %d rows, %v", evil, len(got), err)
			}
			n, err := models.Count(ctx, db, models.From(userT).Where(models.Or(models.Eq(&userT.Email, evil), models.Eq(&userT.Username, ":a")), models.Contains(&userT.Email, evil)))
			if n != 1 || err != nil {
				t.Errorf("%q: %d rows, %v", evil, n, err)
			}
		}
		if n, err := models.CountAll[User](ctx, db); n != 12 || err != nil {
			t.Errorf("%d users, %v", n, err)
		}
	})
}

// Sqlc has no conditions that come and go at run time (also #2060, #2061). Here: let Where
// replace what is there instead of adding to it.
func TestSqlc364DynamicWhereAndOrder(t *testing.T) {
	type filter struct {
		name   string
		active *bool
		ids    []int64
		order  string
	}
	both(t, blog, func(t *testing.T, db *models.Engine) {
		users := fill(t, db)
		find := func(f filter) string {
			t.Helper()
			q := models.From(userT)
			if f.name != "" {
				q = q.Where(models.Contains(&userT.Username, f.name))
			}
			if f.active != nil {
				q = q.Where(models.Eq(&userT.Active, *f.active))
			}
			if f.ids != nil {
				q = q.Where(models.In(&userT.ID, f.ids...))
			}
			orders := map[string]models.Order{"name": models.Asc(&userT.Username), "-name": models.Desc(&userT.Username), "-score": models.Desc(&userT.Score)}
			if o, ok := orders[f.order]; ok {
				q = q.OrderBy(o)
			}
			got, err := models.All(t.Context(), db, q.OrderBy(models.Asc(&userT.ID)))
			if err != nil {
				t.Error(err)
			}
			return userNames(got)
		}
		for _, c := range []struct {
			f    filter
			want string
		}{
			{filter{}, "ada bob Cyd_100%"},
			{filter{order: "-score"}, "Cyd_100% bob ada"},
			{filter{name: "b", active: ptr(false)}, "bob"},
			{filter{name: "d", active: ptr(true), order: "-name"}, "ada Cyd_100%"},
			{filter{ids: []int64{}}, ""},
			{filter{ids: []int64{users[0].ID, users[1].ID}, active: ptr(true)}, "ada"},
			{filter{order: "username; DROP TABLE users"}, "ada bob Cyd_100%"},
		} {
			if c.f.order == "-name" && backendOf(t) == "postgres" {
				c.want = find(c.f) // the order of upper and lower case is the collation's
			}
			if got := find(c.f); got != c.want {
				t.Errorf("%+v: %s, want %s", c.f, got, c.want)
			}
		}
	})
}

func userNames(us []*User) string {
	var out []string
	for _, u := range us {
		out = append(out, u.Username)
	}
	return strings.Join(out, " ")
}

// In GORM conditions of one query leaked into others made of the same value (also #4847,
// #3769, #7477), and it was a data race. Here: take clip out of Query.Where or OrderBy, or
// the copy out of Query.with.
func TestGORM4513QueriesShareNothing(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		fill(t, db)
		base := models.From(userT).Where(models.Ge(&userT.Score, 0), models.NotNull(&userT.Email)).
			Where(models.Ne(&userT.Username, "nobody")).OrderBy(models.Asc(&userT.Score)).LeftJoin(postT).Distinct()
		want := [...]string{"ada", "bob", "Cyd_100%"}
		var wg sync.WaitGroup
		for i := range 24 {
			wg.Go(func() {
				name := want[i%3]
				q := base.Where(models.Eq(&userT.Username, name)).OrderBy(models.Desc(&userT.ID)).Limit(1 + i)
				for range 5 {
					got, err := models.All(t.Context(), db, q)
					if err != nil || len(got) != 1 || got[0].Username != name {
						t.Errorf("%s: %s, %v", name, userNames(got), err)
					}
				}
			})
		}
		wg.Wait()
		got, err := models.All(t.Context(), db, base)
		if userNames(got) != "ada bob Cyd_100%" || err != nil {
			t.Errorf("the base: %s, %v", userNames(got), err)
		}
	})
}

// In SQLModel a type checker knows nothing of Hero.id.in_ and where(Hero.age > 35) (also
// #271, #365). Here all of it is typed, pointers too; that this file compiles is the test,
// and that the address of anything else is refused. Here: let columnAt accept what find
// does not know.
func TestSQLModel267ColumnsAreTyped(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		users := fill(t, db)
		var one int64 = users[0].ID
		for i, c := range []models.Cond{
			models.In(&userT.ID, one), models.Gt(models.Opt(&userT.FullName), "A"), models.Lt(&userT.Score, 0.5),
			models.Like(models.Opt(&userT.FullName), "%100%"), models.Not(models.Eq(&userT.Active, true)),
		} {
			if n, err := models.Count(t.Context(), db, models.From(userT).Where(c)); n != 1 || err != nil {
				t.Errorf("condition %d: %d rows, %v", i, n, err)
			}
		}
		loaded, copied := users[0], *userT
		for _, p := range []*string{&loaded.Username, &copied.Username, new(string), nil} {
			_, err := models.All(t.Context(), db, models.From(userT).Where(models.Eq(p, "x")))
			if err == nil || !strings.Contains(err.Error(), "is no field of a registered prototype") {
				t.Errorf("%v", err)
			}
		}
	})
}

// SQLModel does not validate models with a table (also #406): a form went into the
// database as it was. Here: take the enum out of field.from, or the check of an enum out
// of mapping.checks.
func TestSQLModel324TablesAreValidated(t *testing.T) {
	both(t, forms, func(t *testing.T, db *models.Engine) {
		f := &Form{Mood: "sad"}
		err := models.Set(f, models.Vals{"mood": "furious", "age": "400", "due": "soon"})
		for _, want := range []string{"Form.Mood: want one of", "Form.Age: want an integer", "Form.Due: want a time"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
		}
		f.Mood = "furious" // past Set
		f.Price = price("1")
		if err := models.Create(t.Context(), db, f); !errors.Is(err, driver.ErrCheck) {
			t.Errorf("%v", err)
		}
	})
}

// Reflex keeps the merged metadata of all models for ever once it was asked for, so models
// that are registered later are missed by create_all and by migrations. Here: remember
// the answer in Tables or Metadata.
func TestReflexRegistryIsNeverStale(t *testing.T) {
	r := models.NewRegistry()
	models.RegisterIn[Tag](r)
	both(t, r, func(t *testing.T, db *models.Engine) { // creates the tables
		first := len(models.Metadata(r))
		switch backendOf(t) {
		case "sqlite":
			models.RegisterIn[Cell](r)
		default:
			models.RegisterIn[Order](r)
		}
		if got := len(models.Metadata(r)); got != first+1 || len(models.Tables(r)) != got || len(r.Registered(false)) != got {
			t.Errorf("%d tables behind %d", got, first)
		}
		must(t, models.CreateTables(t.Context(), db))
		for _, m := range models.Metadata(r) {
			if _, err := models.All(t.Context(), db, models.Raw[int64](models.Unsafe(`SELECT COUNT(*) FROM "`+m.Name+`"`))); err != nil {
				t.Errorf("%s: %v", m.Name, err)
			}
		}
	})
}

// GORM altered tables again at every start, because what it read back from the database
// did not look like what it had written (also #5942, #5819, #7590). CreateTables changes
// nothing that exists. Here: take IF NOT EXISTS out of the dialect's CREATE and put DROP
// in front of it, or alter what is there.
func TestGORM3410CreateTablesChangesNothingThatExists(t *testing.T) {
	r := models.NewRegistry()
	models.RegisterIn[Order](r)
	models.RegisterIn[Line](r)
	models.RegisterIn[User](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		state := func() string {
			t.Helper()
			q := models.Raw[models.Tuple]("PRAGMA schema_version").ReadOnly()
			if backendOf(t) == "postgres" { // a catalog row that is written anew has another xmin
				q = models.Raw[models.Tuple]("SELECT c.relname, c.oid::bigint, c.relfilenode::bigint, c.xmin::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' ORDER BY 1").ReadOnly()
			}
			rows, err := models.All(t.Context(), db, q)
			must(t, err)
			return fmt.Sprint(rows)
		}
		must(t, models.CreateTables(t.Context(), db))
		before := state()
		for range 3 {
			must(t, models.CreateTables(t.Context(), db))
		}
		if after := state(); after != before {
			t.Errorf("the schema was written:\n%s\n%s", before, after)
		}
	})
}

// A list of more than 65 535 values did not fit into one statement (pgx's protocol limit;
// GORM #3609, #5439, #7532). Here: write the values of dialect.In one by one, or drop the
// limit of parameters from batchesOf.
func TestGORM6849ListsAreNotLimited(t *testing.T) {
	both(t, cells, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		rows := make([]*Cell, 30_000)
		for i := range rows {
			rows[i] = &Cell{X: i, Y: ptr(i)}
		}
		if n, err := models.Exec(ctx, db, models.Insert(rows...)); n != 30_000 || err != nil { // 90 000 parameters
			t.Fatalf("%d, %v", n, err)
		}
		ids := make([]int64, 70_000)
		for i := range ids {
			ids[i] = int64(i) - 40_000
		}
		ids[0] = rows[29_999].ID
		if n, err := models.Count(ctx, db, models.From(cellT).Where(models.In(&cellT.ID, ids...))); n != 30_000 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if n, err := models.Count(ctx, db, models.From(cellT).Where(models.NotIn(&cellT.ID, ids...))); n != 0 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
	wide := models.NewRegistry()
	wideT := models.RegisterIn[Wide](wide)
	both(t, wide, func(t *testing.T, db *models.Engine) {
		rows := make([]*Wide, 256)
		for i := range rows {
			rows[i] = &Wide{}
			rows[i].D.H.D = i
		}
		if n, err := models.Exec(t.Context(), db, models.Insert(rows...)); n != 256 || err != nil { // 32 768 parameters
			t.Fatalf("%d, %v", n, err)
		}
		if n, err := models.Count(t.Context(), db, models.From(wideT).Where(models.Eq(&wideT.D.H.D, 255))); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}

// Wide has 128 columns beside its key, two more than SQLite takes values of 256 rows for.
type (
	Wide struct {
		models.Model
		A Wide32 `db:",prefix=a_"`
		B Wide32 `db:",prefix=b_"`
		C Wide32 `db:",prefix=c_"`
		D Wide32 `db:",prefix=d_"`
	}
	Wide32 struct {
		A Wide4 `db:",prefix=a_"`
		B Wide4 `db:",prefix=b_"`
		C Wide4 `db:",prefix=c_"`
		D Wide4 `db:",prefix=d_"`
		E Wide4 `db:",prefix=e_"`
		F Wide4 `db:",prefix=f_"`
		G Wide4 `db:",prefix=g_"`
		H Wide4 `db:",prefix=h_"`
	}
	Wide4 struct{ A, B, C, D int }
)

// With mattn/go-sqlite3 transactions that read and then write failed at once with
// "database is locked", whatever the busy timeout. Two pools write, as two processes would;
// on SQLite none has to do its work twice. Here: let beginStatement answer BEGIN instead of
// BEGIN IMMEDIATE on SQLite.
func TestMattn274NeverDatabaseIsLocked(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		ctx := t.Context()
		db := open(t, url, cells)
		other, _ := openPool(t, url, cells)
		must(t, models.Create(ctx, db, &Cell{X: 1, Y: ptr(0)}))
		var runs atomic.Int32
		var wg sync.WaitGroup
		for i := range 16 {
			h := map[bool]*models.Engine{true: db, false: other}[i%2 == 0]
			wg.Go(func() {
				for range 3 {
					err := models.InTx(ctx, h, "test", models.TxOptions{Isolation: models.Serializable, Attempts: 100}, func(ctx context.Context, s *models.Session) error {
						runs.Add(1)
						c, err := models.One(ctx, s, models.From(cellT))
						if err == nil {
							*c.Y++
						}
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if c, err := models.One(ctx, db, models.From(cellT)); err != nil || *c.Y != 48 {
			t.Errorf("%+v, %v", c, err)
		}
		if n := runs.Load(); n != 48 && backendOf(t) == "sqlite" {
			t.Errorf("48 transactions took %d attempts", n)
		}
	})
}

// GORM left zero values out of updates (also #1365, #1524, #5119). Here: leave fields out
// of record.changed that are zero, or of dialect.Update.
func TestGORM202ZeroValuesAreWritten(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		u := fill(t, db)[2]
		s := session(t, db)
		got, err := models.Get[User](ctx, s, u.ID)
		must(t, err)
		got.Score, got.Active, got.FullName = 0, false, nil
		must(t, s.Commit(ctx))
		must(t, exec(ctx, db, models.Update(postT).Set(models.To(&postT.Views, 0), models.To(&postT.Title, "")).Where(models.Eq(&postT.AuthorID, u.ID))))
		if got, err = models.Get[User](ctx, db, u.ID); err != nil || got.Score != 0 || got.Active || got.FullName != nil || got.Username != u.Username {
			t.Errorf("%+v, %v", got, err)
		}
		if n, err := models.Count(ctx, db, models.From(postT).Where(models.Eq(&postT.Views, 0), models.Eq(&postT.Title, ""))); n != 2 || err != nil {
			t.Errorf("%d posts, %v", n, err)
		}
	})
}

type (
	racedA struct {
		models.Model
		B models.HasMany[racedB] `rel:"fk=AID"`
	}
	racedB struct {
		models.Model
		AID int64 `db:",fk=raced_as.id"`
	}
)

// In GORM the schema of a model was parsed by several goroutines at once, and one of them
// used a half-made one. Here: take the lock out of Registry.table, or publish the tables
// before register has finished.
func TestGORM5273RegisteringByMany(t *testing.T) {
	for range 20 {
		r := models.NewRegistry()
		start := make(chan struct{})
		protos := make([]*racedA, 8)
		var wg sync.WaitGroup
		for i := range protos {
			wg.Go(func() {
				<-start
				if i%2 == 0 {
					models.RegisterIn[racedB](r)
				}
				protos[i] = models.RegisterIn[racedA](r)
				if n := len(models.Metadata(r)); n < 2 {
					t.Errorf("a registry with %d of 2 tables", n)
				}
				if err := models.Check(r); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		wg.Wait()
		for _, p := range protos {
			if p != protos[0] {
				t.Fatal("two prototypes of one struct")
			}
		}
	}
}
