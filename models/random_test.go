package models_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/models"
	"pgregory.net/rapid"
)

// Counter is the table of the random test.
type Counter struct {
	models.Model
	Name  string `db:",unique"`
	Value int
	Note  *string
}

// thing is what the test knows of one object, apart from what the session knows.
type thing struct {
	obj     *Counter
	managed bool // the session has it, and it is not deleted
	last    bool // a row of it is committed
	value   int  // of that row
	note    string
}

func (x *thing) noteText() string {
	if x.obj.Note == nil {
		return ""
	}
	return *x.obj.Note
}

// Whatever a session is told, in whatever order, the database has what a plain model of
// it says, and objects have the values that they should.
func TestSessionAgainstAPlainModel(t *testing.T) {
	r := models.NewRegistry()
	counterT := models.RegisterIn[Counter](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		rapid.Check(t, func(t *rapid.T) {
			if _, err := models.Exec(ctx, db, models.Delete(counterT).Everywhere()); err != nil {
				t.Fatal(err)
			}
			s := models.NewSession(db, "random")
			defer s.Close()
			var things []*thing
			names := 0
			some := func(t *rapid.T, fit func(x *thing) bool) *thing {
				var fits []*thing
				for _, x := range things {
					if fit(x) {
						fits = append(fits, x)
					}
				}
				if len(fits) == 0 {
					t.Skip("none fits")
				}
				return rapid.SampledFrom(fits).Draw(t, "thing")
			}
			check := func(t *rapid.T, err error) {
				if err != nil {
					t.Fatal(err)
				}
			}
			rows := func(t *rapid.T, h models.Handle, want func(x *thing) (bool, string)) {
				got, err := models.All(ctx, h, models.Raw[Counter]("SELECT * FROM counters").ReadOnly())
				check(t, err)
				have := map[string]string{}
				for _, c := range got {
					x := thing{obj: &c}
					have[c.Name] = fmt.Sprint(c.Value, x.noteText())
				}
				n := 0
				for _, x := range things {
					if there, text := want(x); there {
						n++
						if have[x.obj.Name] != text {
							t.Fatalf("%s is %q, want %q", x.obj.Name, have[x.obj.Name], text)
						}
					}
				}
				if n != len(have) {
					t.Fatalf("%d rows, want %d", len(have), n)
				}
			}
			now := func(x *thing) (bool, string) { return x.managed, fmt.Sprint(x.obj.Value, x.noteText()) }
			last := func(x *thing) (bool, string) { return x.last, fmt.Sprint(x.value, x.note) }
			t.Repeat(map[string]func(*rapid.T){
				"add": func(t *rapid.T) {
					names++
					x := &thing{obj: &Counter{Name: fmt.Sprint("n", names)}, managed: true}
					things = append(things, x)
					s.Add(x.obj)
				},
				"add again": func(t *rapid.T) {
					x := some(t, func(*thing) bool { return true })
					s.Add(x.obj)
					x.managed = true
				},
				"change": func(t *rapid.T) { some(t, func(*thing) bool { return true }).obj.Value++ },
				"change in place": func(t *rapid.T) {
					x := some(t, func(*thing) bool { return true })
					if x.obj.Note == nil {
						x.obj.Note = new(string)
					}
					*x.obj.Note += "x"
				},
				"delete": func(t *rapid.T) {
					x := some(t, func(x *thing) bool { return x.managed })
					s.Delete(x.obj)
					x.managed = false
				},
				"flush": func(t *rapid.T) {
					check(t, s.Flush(ctx))
					rows(t, s, now)
				},
				"failing flush": func(t *rapid.T) {
					x := some(t, func(x *thing) bool { return x.managed })
					double := &Counter{Name: x.obj.Name}
					s.Add(double)
					if err := s.Flush(ctx); !errors.Is(err, driver.ErrUnique) {
						t.Fatalf("two of one name: %v", err)
					}
					if double.ID != 0 {
						t.Fatal("a refused object has a key")
					}
					s.Delete(double)
				},
				"commit": func(t *rapid.T) {
					check(t, s.Commit(ctx))
					for _, x := range things {
						x.last, x.value, x.note = x.managed, x.obj.Value, x.noteText()
					}
				},
				"rollback": func(t *rapid.T) {
					check(t, s.Rollback(ctx))
					for _, x := range things {
						if x.managed = x.last; x.last && (x.obj.Value != x.value || x.noteText() != x.note) {
							t.Fatalf("%s is %d %q, before the changes it was %d %q", x.obj.Name, x.obj.Value, x.noteText(), x.value, x.note)
						}
					}
				},
				"get": func(t *rapid.T) {
					x := some(t, func(x *thing) bool { return x.last && x.managed })
					if got, err := models.Get[Counter](ctx, s, x.obj.ID); err != nil || got != x.obj {
						t.Fatalf("%v, %v", got, err)
					}
				},
				"query": func(t *rapid.T) {
					got, err := models.All(ctx, s, models.From(counterT))
					check(t, err)
					n := 0
					for _, x := range things {
						if x.managed {
							n++
						}
					}
					if len(got) != n {
						t.Fatalf("%d objects, want %d", len(got), n)
					}
				},
				"expire": func(*rapid.T) { s.Expire() },
				"":       func(t *rapid.T) { rows(t, db, last) },
			})
		})
	})
}
