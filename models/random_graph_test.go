package models_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/spillwaydb/spillway/models"
	"pgregory.net/rapid"
)

// Box and Toy are the tables of the random test with relations.
type (
	Box struct {
		models.Model
		Name string `db:",unique"`
		Size int
		Toys models.HasMany[Toy] `rel:"back=Box"`
	}
	Toy struct {
		models.Model
		Name  string `db:",unique"`
		Color string
		BoxID *int64                `db:",fk=boxes.id"`
		Box   models.BelongsTo[Box] `rel:"back=Toys"`
	}
)

// world is what the reference knows of the rows.
type world struct {
	boxes map[string]int    // the size by name
	toys  map[string]string // color and box by name
}

func (w world) clone() world { return world{maps.Clone(w.boxes), maps.Clone(w.toys)} }

// playroom is a session beside its reference.
type playroom struct {
	t       *rapid.T
	ctx     context.Context
	s       *models.Session
	now     world
	last    world // as committed
	boxes   map[string]*Box
	toys    map[string]*Toy
	counter int
}

func (p *playroom) check(err error) {
	if err != nil {
		p.t.Fatal(err)
	}
}

// pick draws a name, or skips the step.
func (p *playroom) pick(from []string) string { return draw(p.t, from) }

func draw(t *rapid.T, from []string) string {
	if len(from) == 0 {
		t.Skip("there is none")
	}
	slices.Sort(from)
	return rapid.SampledFrom(from).Draw(t, "which")
}

func (p *playroom) box() string { return p.pick(slices.Collect(maps.Keys(p.now.boxes))) }
func (p *playroom) toy() string { return p.pick(slices.Collect(maps.Keys(p.now.toys))) }

func (p *playroom) name(kind string) string {
	p.counter++
	return fmt.Sprint(kind, p.counter)
}

func toyText(color, box string) string { return color + " in " + box }

func colorOf(text string) string {
	var color, box string
	fmt.Sscanf(text, "%s in %s", &color, &box) //nolint:errcheck // box may be empty
	return color
}

func boxOf(text string) (box string) {
	var color string
	fmt.Sscanf(text, "%s in %s", &color, &box) //nolint:errcheck // box may be empty
	return box
}

// rows compares the rows that h sees with a world.
func (p *playroom) rows(h models.Handle, want world) {
	boxes, err := models.All(p.ctx, h, models.Raw[models.Row2[string, int]]("SELECT name AS a, size AS b FROM boxes").ReadOnly())
	p.check(err)
	toys, err := models.All(p.ctx, h, models.Raw[models.Row3[string, string, string]](
		"SELECT toys.name AS a, color AS b, COALESCE(boxes.name, '') AS c FROM toys LEFT JOIN boxes ON boxes.id = toys.box_id").ReadOnly())
	p.check(err)
	got := world{map[string]int{}, map[string]string{}}
	for _, b := range boxes {
		got.boxes[b.A] = b.B
	}
	for _, x := range toys {
		got.toys[x.A] = toyText(x.B, x.C)
	}
	if !maps.Equal(got.boxes, want.boxes) || !maps.Equal(got.toys, want.toys) {
		p.t.Fatalf("the database has %v, the reference %v", got, want)
	}
}

// objects compares the objects, which are flushed, with the reference.
func (p *playroom) objects() {
	for name, size := range p.now.boxes {
		if b := p.boxes[name]; b.Size != size {
			p.t.Fatalf("the object %s is %+v, want size %d", name, b, size)
		}
	}
	for name, text := range p.now.toys {
		x := p.toys[name]
		box := boxOf(text)
		if x.Color != colorOf(text) || (x.BoxID == nil) != (box == "") || x.BoxID != nil && *x.BoxID != p.boxes[box].ID {
			p.t.Fatalf("the object %s is %+v, want %s", name, x, text)
		}
		if b, err := x.Box.Load(p.ctx); err != nil || b != p.boxes[box] {
			p.t.Fatalf("%s is in %v, want %s; %v", name, b, text, err)
		}
	}
}

func (p *playroom) flush() {
	p.check(p.s.Flush(p.ctx))
	p.rows(p.s, p.now)
	p.objects()
}

// step does one random thing in a session.
func (p *playroom) step(what string, s *models.Session) {
	switch what {
	case "add box":
		b := &Box{Name: p.name("box")}
		p.boxes[b.Name], p.now.boxes[b.Name] = b, 0
		s.Add(b)
	case "add toy":
		x := &Toy{Name: p.name("toy"), Color: "red"}
		box := ""
		if len(p.now.boxes) > 0 && rapid.Bool().Draw(p.t, "in a box") {
			box = p.box()
			if rapid.Bool().Draw(p.t, "by the box") {
				p.boxes[box].Toys.Add(x)
			} else {
				x.Box = models.Ref(p.boxes[box])
			}
		}
		s.Add(x)
		p.toys[x.Name], p.now.toys[x.Name] = x, toyText(x.Color, box)
	case "grow":
		name := p.box()
		p.boxes[name].Size++
		p.now.boxes[name]++
	case "paint":
		name := p.toy()
		color := rapid.SampledFrom([]string{"red", "blue", "green"}).Draw(p.t, "color")
		p.toys[name].Color, p.now.toys[name] = color, toyText(color, boxOf(p.now.toys[name]))
	case "move":
		name, box := p.toy(), p.box()
		p.toys[name].Box.Set(p.boxes[box])
		p.now.toys[name] = toyText(colorOf(p.now.toys[name]), box)
	case "take out":
		name := p.toy()
		p.toys[name].Box.Clear()
		p.now.toys[name] = toyText(colorOf(p.now.toys[name]), "")
	case "delete toy":
		name := p.toy()
		if box := boxOf(p.now.toys[name]); box != "" {
			p.toys[name].Box.Clear()
		}
		s.Delete(p.toys[name])
		delete(p.now.toys, name)
	}
}

var steps = []string{"add box", "add toy", "grow", "paint", "move", "take out", "delete toy"}

// Whatever a session is told about objects with relations, in whatever order, with parts
// that fail and all, the database has what a plain reference has.
func TestSessionWithRelationsAgainstAPlainModel(t *testing.T) {
	r := models.NewRegistry()
	boxT := models.RegisterIn[Box](r)
	toyT := models.RegisterIn[Toy](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		rapid.Check(t, func(rt *rapid.T) {
			for _, q := range []func() error{
				func() error { return exec(ctx, db, models.Delete(toyT).Everywhere()) },
				func() error { return exec(ctx, db, models.Delete(boxT).Everywhere()) },
			} {
				if err := q(); err != nil {
					rt.Fatal(err)
				}
			}
			p := &playroom{ctx: ctx, s: models.NewSession(db, "random"), boxes: map[string]*Box{}, toys: map[string]*Toy{}}
			p.now = world{map[string]int{}, map[string]string{}}
			p.last = p.now.clone()
			defer p.s.Close()
			actions := map[string]func(*rapid.T){
				"flush": func(*rapid.T) { p.flush() },
				"commit": func(*rapid.T) {
					p.check(p.s.Commit(ctx))
					p.last = p.now.clone()
				},
				"rollback": func(*rapid.T) {
					p.check(p.s.Rollback(ctx))
					p.now = p.last.clone()
					p.objects()
				},
				"expire": func(*rapid.T) { p.s.Expire() },
				"expire one": func(*rapid.T) {
					p.s.Expire(p.toys[p.toy()])
				},
				"refresh": func(*rapid.T) {
					name := p.toy()
					p.flush()
					x := p.toys[name]
					x.Color = "lost"
					p.check(p.s.Refresh(ctx, x, &x.Color, &x.Box))
					p.objects()
				},
				"merge": func(*rapid.T) {
					name := p.toy()
					p.flush()
					x := p.toys[name]
					given := &Toy{Model: models.Model{ID: x.ID}, Name: name, Color: "merged", BoxID: x.BoxID}
					got, err := models.Merge(ctx, p.s, given)
					p.check(err)
					if got != x {
						p.t.Fatal("another object for the same row")
					}
					p.now.toys[name] = toyText("merged", boxOf(p.now.toys[name]))
				},
				"merge new": func(*rapid.T) {
					b := &Box{Name: p.name("box"), Size: 3}
					x := &Toy{Name: p.name("toy"), Color: "new"}
					b.Toys.Add(x)
					got, err := models.Merge(ctx, p.s, b)
					p.check(err)
					toys, err := got.Toys.Items()
					p.check(err)
					p.boxes[b.Name], p.now.boxes[b.Name] = got, 3
					p.toys[x.Name], p.now.toys[x.Name] = toys[0], toyText("new", b.Name)
				},
				"nested": func(*rapid.T) {
					before := p.now.clone()
					fails := rapid.Bool().Draw(p.t, "fails")
					no := errors.New("no")
					// What is drawn must not depend on what the database answers.
					err := p.s.Nested(ctx, func(_ context.Context, in *models.Session) error {
						for range rapid.IntRange(1, 4).Draw(p.t, "steps") {
							what := rapid.SampledFrom(steps).Draw(p.t, "what")
							if len(p.now.boxes) > 0 && len(p.now.toys) > 0 || what == "add box" || what == "add toy" {
								p.step(what, in)
							}
						}
						if fails {
							return no
						}
						return nil
					})
					if fails {
						if !errors.Is(err, no) {
							p.t.Fatal(err)
						}
						p.now = before
						p.flush()
						return
					}
					p.check(err)
				},
				"delete an empty box": func(*rapid.T) {
					var empty []string
					for name := range p.now.boxes {
						used := p.boxes[name].ID == 0
						for _, text := range p.now.toys {
							used = used || boxOf(text) == name
						}
						if !used {
							empty = append(empty, name)
						}
					}
					name := p.pick(empty)
					p.flush() // or a toy that was in it may still refer to it
					p.s.Delete(p.boxes[name])
					delete(p.now.boxes, name)
				},
				"": func(*rapid.T) { p.rows(db, p.last) },
			}
			for _, what := range steps {
				actions[what] = func(*rapid.T) { p.step(what, p.s) }
			}
			for what, f := range actions {
				actions[what] = func(t *rapid.T) { p.t = t; f(t) }
			}
			rt.Repeat(actions)
		})
	})
}
