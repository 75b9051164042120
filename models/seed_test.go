package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/models"
)

type embedsModel struct {
	models.Model
	Name string
}

type ownKey struct {
	ID   int64
	Name string
}

// A base with a key: models.Model, or an ID field of one's own.
func TestSeed1BaseModel(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{columns[embedsModel](), "embeds_models(id bigint auto, name text) key id"},
		{columns[ownKey](), "own_keys(id bigint auto, name text) key id"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}

// The default key vanishes when another field is the key.
func TestSeed2DefaultKeyIsDropped(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{columns[natural](), "naturals(code text) key code"},
		{columns[besideID](), "beside_ids(id bigint, code text) key code"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
	r := models.NewRegistry()
	models.RegisterIn[natural](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		must(t, models.Create(t.Context(), db, &natural{Code: "a"}))
		if got, err := models.Get[natural](t.Context(), db, "a"); err != nil || got.ID != 0 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// A table may have an id of any type.
func TestSeed3OwnKeyType(t *testing.T) {
	if got, want := columns[ownID](), "own_ids(id uuid) key id"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	r := models.NewRegistry()
	models.RegisterIn[ownID](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		id := [16]byte{1, 2, 3}
		must(t, models.Create(t.Context(), db, &ownID{ID: id}))
		if got, err := models.Get[ownID](t.Context(), db, id); err != nil || got.ID != id {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestSeed4NoTableWithoutAKey(t *testing.T) {
	type Keyless struct{ Name string }
	if _, msg := mistake[Keyless](); !strings.Contains(msg, "models_test.Keyless has no key, and no table is without: embed models.Model") {
		t.Errorf("panic %q", msg)
	}
}

// Optional fields are nullable columns; nil and a zero value are two things.
func TestSeed5OptionalFields(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		empty := ""
		a, b := newUser("a"), newUser("b")
		b.FullName = &empty
		if _, err := models.Exec(ctx, db, models.Insert(a, b)); err != nil {
			t.Fatal(err)
		}
		got, err := models.All(ctx, db, models.From(userT).OrderBy(models.Asc(&userT.Username)))
		if err != nil || got[0].FullName != nil || got[1].FullName == nil || *got[1].FullName != "" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

type stamped struct {
	models.Model
	Name      string `db:",default=anon"`
	Tries     int
	CreatedAt time.Time `db:",created"`
	UpdatedAt time.Time `db:",updated"`
}

func (s *stamped) SetDefaults() { s.Tries = len(s.Name) }

// Defaults, default functions and the two times that every model of the seed has.
func TestSeed7Defaults(t *testing.T) {
	r := models.NewRegistry()
	models.RegisterIn[stamped](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		x := models.NewIn[stamped](r)
		if x.Name != "anon" || x.Tries != 4 {
			t.Errorf("%+v", x)
		}
		x.Name = "" // a value like any other
		from := time.Now().Add(-time.Second)
		s.Add(x)
		must(t, s.Commit(ctx))
		if x.Name != "" || x.CreatedAt.Before(from) || !x.UpdatedAt.Equal(x.CreatedAt) {
			t.Errorf("%+v", x)
		}
		created, updated := x.CreatedAt, x.UpdatedAt
		for x.UpdatedAt.Equal(updated) { // the clock has to move on by a microsecond
			x.Tries++
			must(t, s.Commit(ctx))
		}
		if got, err := models.Get[stamped](ctx, db, x.ID); err != nil || !got.CreatedAt.Equal(created) || !got.UpdatedAt.After(updated) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// Register returns what was registered, ready to name columns, however often.
func TestSeed14RegisterReturnsWhatWasRegistered(t *testing.T) {
	r := models.NewRegistry()
	a := models.RegisterIn[embedsModel](r)
	if a == nil || a != models.RegisterIn[embedsModel](r) {
		t.Error("another prototype")
	}
	if text, _, err := models.From(a).Where(models.Eq(&a.Name, "x")).SQL(models.SQLite); err != nil || !strings.Contains(text, `"name" = ?1`) {
		t.Errorf("%s, %v", text, err)
	}
}

// Models without columns of their own are listed on demand only.
func TestSeed15RegisteredModels(t *testing.T) {
	r := models.NewRegistry()
	models.RegisterIn[mixin](r)
	models.RegisterIn[Tag](r)
	if got := fmt.Sprint(r.Registered(false), r.Registered(true)); got != "[models_test.Tag] [models_test.mixin models_test.Tag]" {
		t.Error(got)
	}
}

// Two programs in one process have two registries, which share no name.
func TestTwoRegistries(t *testing.T) {
	type Tag struct {
		Name  string `db:",pk"`
		Other bool
	}
	a, b := models.NewRegistry(), models.NewRegistry(models.LowerCase)
	at, bt := models.RegisterIn[Tag](a), models.RegisterIn[Tag](b)
	both(t, a, func(t *testing.T, da *models.Engine) {
		db := open(t, "sqlite::memory:", b)
		must(t, models.Create(t.Context(), da, &Tag{Name: "a"}))
		must(t, models.Create(t.Context(), db, &Tag{Name: "b", Other: true}))
		x, err := models.One(t.Context(), da, models.From(at).Where(models.Eq(&at.Other, false)))
		must(t, err)
		y, err := models.One(t.Context(), db, models.From(bt).Where(models.Eq(&bt.Other, true)))
		must(t, err)
		if x.Name != "a" || y.Name != "b" {
			t.Errorf("%+v %+v", x, y)
		}
	})
	if got := models.Metadata(a)[0].Name + models.Metadata(b)[0].Name; got != "tagstag" {
		t.Error(got)
	}
}
