package models_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/models"
)

type Mood string

func (Mood) Values() []Mood { return []Mood{"glad", "it's", "sad"} }

type Place struct {
	Street string `db:",index=by_street"`
	City   string `db:",unique=one_city"`
	ID     int    // no key of its own
}

// Order has a key that lines refer to as a whole.
type Order struct {
	Shop int64 `db:",pk"`
	No   int64 `db:",pk"`
}

type Line struct {
	models.Model
	Shop   int64  `db:",fk.fk_line_order=orders.shop,ondelete=cascade"`
	No     int64  `db:",fk.fk_line_order=orders.no,deferrable"`
	Text   string `db:",unique,expr=lower(text),where=no > 0"`
	Amount int    `db:",check=amount >= 0,check.ck_round=amount % 10 = 0,index,desc"`
	Double int    `db:",generated=amount * 2"`
	Kind   string `db:",enum=a|b"`
	Mood   *Mood  `db:",was=feeling"`
	From   Place  `db:",prefix=from_"`
	To     Place  `db:",prefix=to_"`
	// UpdateTS is the seed's column of the engine's own type.
	UpdateTS time.Time `db:"update_ts,type.postgres='timestamptz(3)',server=now()"`
	Tries    *int      `db:",server=7"`
}

// aLine is a line that breaks no rule.
func aLine(text string) *Line {
	return &Line{Shop: 1, No: 1, Text: text, Amount: 10, Kind: "a", From: Place{City: "f" + text}, To: Place{City: "t" + text}}
}

func TestSeed6ConstraintsAndIndexes(t *testing.T) {
	r := models.NewRegistry()
	models.RegisterIn[Order](r)
	lineT := models.RegisterIn[Line](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		must(t, models.CreateTables(ctx, db)) // again
		must(t, models.Create(ctx, db, &Order{Shop: 1, No: 1}))
		must(t, models.Create(ctx, db, &Order{Shop: 1, No: -1}))
		must(t, models.Create(ctx, db, aLine("Abc")))
		for i, c := range []struct {
			change func(l *Line)
			want   driver.Kind
		}{
			{func(l *Line) {}, ""},
			{func(l *Line) { l.Text = "ABC" }, driver.ErrUnique},
			{func(l *Line) { l.Text, l.No = "ABC", -1 }, ""}, // the index is partial
			{func(l *Line) { l.Amount = -10 }, driver.ErrCheck},
			{func(l *Line) { l.Amount = 7 }, driver.ErrCheck},
			{func(l *Line) { l.Kind = "c" }, driver.ErrCheck},
			{func(l *Line) { l.Mood = ptr(Mood("it's")) }, ""},
			{func(l *Line) { l.Mood = ptr(Mood("mad")) }, driver.ErrCheck},
			{func(l *Line) { l.From.City = "fAbc" }, driver.ErrUnique},
			{func(l *Line) { l.From.City = "tAbc" }, ""}, // the other's city
			{func(l *Line) { l.Shop = 2 }, driver.ErrForeignKey},
		} {
			l := aLine(strconv.Itoa(i))
			c.change(l)
			err := models.Create(ctx, db, l)
			if c.want == "" && err != nil || c.want != "" && !errors.Is(err, c.want) {
				t.Errorf("%+v: %v, want %v", l, err, c.want)
			}
		}
		n, err := models.Exec(ctx, db, models.Delete(lineT).Everywhere())
		if n != 5 || err != nil {
			t.Errorf("%d lines, %v", n, err)
		}
	})
}

// A deferrable foreign key may be wrong until COMMIT.
func TestDeferrableForeignKey(t *testing.T) {
	r := models.NewRegistry()
	orderT := models.RegisterIn[Order](r)
	models.RegisterIn[Line](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := session(t, db)
		s.Add(aLine("x"))
		must(t, s.Flush(ctx))
		s.Add(&Order{Shop: 1, No: 1})
		must(t, s.Commit(ctx))
		if _, err := models.Exec(ctx, db, models.Delete(orderT).Everywhere()); err != nil {
			t.Errorf("ON DELETE CASCADE is missing: %v", err)
		}
		s.Add(aLine("y"))
		must(t, s.Flush(ctx))
		if err := s.Commit(ctx); !errors.Is(err, driver.ErrForeignKey) {
			t.Errorf("%v: the key was not checked", err)
		}
	})
}

func TestSeed9ServerDefaults(t *testing.T) {
	r := models.NewRegistry()
	models.RegisterIn[Order](r)
	lineT := models.RegisterIn[Line](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		must(t, models.Create(ctx, db, &Order{Shop: 1, No: 1}))
		l := aLine("x")
		must(t, models.Create(ctx, db, l))
		if d := time.Since(l.UpdateTS); d < -time.Minute || d > time.Minute || l.UpdateTS.Location() != time.UTC {
			t.Errorf("update_ts is %v", l.UpdateTS)
		}
		if l.Tries == nil || *l.Tries != 7 || l.Double != 20 {
			t.Errorf("tries %v, double %d", l.Tries, l.Double)
		}
		n, err := models.Count(ctx, db, models.From(lineT).Where(models.Eq(&lineT.UpdateTS, l.UpdateTS)))
		if n != 1 || err != nil {
			t.Errorf("%d, %v: the server's time is not in the stored form", n, err)
		}
		m := aLine("y")
		m.UpdateTS, m.Tries = time.Unix(0, 0).UTC(), ptr(0)
		must(t, models.Create(ctx, db, m))
		if got, err := models.Get[Line](ctx, db, m.ID); err != nil || !got.UpdateTS.Equal(time.Unix(0, 0)) || *got.Tries != 0 {
			t.Errorf("%v: what was set was not stored: %+v", err, got)
		}
	})
}

func TestGeneratedColumns(t *testing.T) {
	r := models.NewRegistry()
	models.RegisterIn[Order](r)
	models.RegisterIn[Line](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		must(t, models.Create(ctx, db, &Order{Shop: 1, No: 1}))
		s := session(t, db)
		var ls []*Line
		for _, x := range []string{"a", "b", "c"} {
			ls = append(ls, aLine(x))
			s.Add(ls[len(ls)-1])
		}
		must(t, s.Flush(ctx))
		l := ls[1]
		if l.Double != 20 {
			t.Errorf("inserted: %d", l.Double)
		}
		l.Double = 1
		if got := models.Changed(s, l); len(got) > 0 {
			t.Errorf("changed: %v, but the database alone writes it", got)
		}
		l.Amount = 30
		must(t, s.Flush(ctx))
		if got, err := models.Get[Line](ctx, s, l.ID); got != l || err != nil || l.Double != 60 {
			t.Errorf("after an update %d, %v", l.Double, err)
		}
	})
}

func TestEmbeddedWithPrefix(t *testing.T) {
	r := models.NewRegistry()
	models.RegisterIn[Order](r)
	lineT := models.RegisterIn[Line](r)
	facts := models.Tables(r)[1]
	var cols, indexes []string
	for _, c := range facts.Columns {
		cols = append(cols, c.Name)
	}
	for _, ix := range facts.Indexes {
		indexes = append(indexes, ix.Name)
	}
	if got, want := strings.Join(cols, " "), "id shop no text amount double kind mood from_street from_city from_id to_street to_city to_id update_ts tries"; got != want {
		t.Errorf("columns %s\nwant    %s", got, want)
	}
	if got, want := strings.Join(indexes, " "), "uq_lines_text ix_lines_amount from_by_street to_by_street"; got != want {
		t.Errorf("indexes %s\nwant    %s", got, want)
	}
	if w := facts.Column("mood").Was; w != "feeling" {
		t.Errorf("was %q", w)
	}
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		must(t, models.Create(ctx, db, &Order{Shop: 1, No: 1}))
		l := aLine("x")
		l.To.Street, l.From.ID = "Main", 9
		must(t, models.Create(ctx, db, l))
		got, err := models.One(ctx, db, models.From(lineT).Where(models.Eq(&lineT.To.Street, "Main")))
		if err != nil || got.To != l.To || got.From != l.From {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

type ticket struct {
	Code string `db:",pk"`
	Tries,
	Max int `db:",default=3"`
}

func (x *ticket) SetDefaults() { x.Code, x.Max = "t-"+strings.Repeat("x", x.Tries), x.Max+1 }

func TestSeed7DefaultFunction(t *testing.T) {
	if x := models.NewIn[ticket](models.NewRegistry()); x.Code != "t-xxx" || x.Max != 4 {
		t.Errorf("%+v", x)
	}
}

func TestSeed8Naming(t *testing.T) {
	type PostTag struct{ ID int64 }
	lower := models.NewRegistry(models.LowerCase)
	models.RegisterIn[PostTag](lower)
	models.RegisterIn[named](lower)
	both(t, lower, func(t *testing.T, db *models.Engine) {
		must(t, models.Create(t.Context(), db, &PostTag{}))
		must(t, exec(t.Context(), db, models.Raw[int]("DELETE FROM posttag")))
		must(t, exec(t.Context(), db, models.Raw[int]("DELETE FROM special")))
	})
	r := models.NewRegistry().UseNaming(func(s string) string { return "app_" + s })
	models.RegisterIn[PostTag](r)
	if got := models.Tables(r)[0].Name; got != "app_PostTag" {
		t.Error(got)
	}
	defer func() {
		if msg, _ := recover().(string); !strings.Contains(msg, "PostTag is registered already") {
			t.Errorf("panic %q", msg)
		}
	}()
	r.UseNaming(models.LowerCase)
}
