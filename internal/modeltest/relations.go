package modeltest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/models"
)

// The tables of the tests of relations.
type (
	// Poet has many poems, and one desk.
	Poet struct {
		models.Model
		Name  string
		Poems models.HasMany[Poem] `rel:"fk=PoetID,back=Poet,cascade=delete-orphan,order=ID" json:",omitzero"`
		Desk  models.HasOne[Desk]  `rel:"fk=PoetID,back=Poet" json:",omitzero"`
	}
	// Poem belongs to a poet, has moods through an association, and remarks.
	Poem struct {
		models.Model
		Title   string
		PoetID  int64                  `db:",fk=poets.id,index"`
		Poet    models.BelongsTo[Poet] `rel:"back=Poems" json:",omitzero"`
		Moods   models.HasMany[Mood]   `rel:"through=PoemMood,back=Poems,order=Name" json:",omitzero"`
		Remarks models.HasMany[Remark] `rel:"back=Poem,cascade=delete" json:",omitzero"`
	}
	// Mood is on the other side of poems.
	Mood struct {
		Name  string               `db:",pk"`
		Poems models.HasMany[Poem] `rel:"through=PoemMood,back=Moods,order=ID" json:",omitzero"`
	}
	// PoemMood is the association of poems and moods.
	PoemMood struct {
		PoemID   int64  `db:",pk,fk=poems.id"`
		MoodName string `db:",pk,fk=moods.name"`
	}
	// Remark is made by a poet about a poem.
	Remark struct {
		models.Model
		Text   string
		PoemID int64                  `db:",fk=poems.id,index"`
		PoetID int64                  `db:",fk=poets.id,index"`
		Poem   models.BelongsTo[Poem] `rel:"back=Remarks" json:",omitzero"`
		Poet   models.BelongsTo[Poet] `json:",omitzero"`
	}
	// Desk is one poet's.
	Desk struct {
		models.Model
		Wood   string
		PoetID *int64                 `db:",fk=poets.id,unique"`
		Poet   models.BelongsTo[Poet] `rel:"back=Desk" json:",omitzero"`
	}
	// Chest loads what is in it in every way there is, by default.
	Chest struct {
		models.Model
		Lazy      models.HasMany[Coin] `rel:"viewonly"`
		Select    models.HasMany[Coin] `rel:"lazy=select,viewonly"`
		SelectIn  models.HasMany[Coin] `rel:"lazy=selectin,viewonly"`
		Joined    models.HasMany[Coin] `rel:"lazy=joined,viewonly"`
		Subquery  models.HasMany[Coin] `rel:"lazy=subquery,viewonly"`
		Immediate models.HasMany[Coin] `rel:"lazy=immediate,viewonly"`
		Raise     models.HasMany[Coin] `rel:"lazy=raise,viewonly"`
		NoLoad    models.HasMany[Coin] `rel:"lazy=noload,viewonly"`
	}
	// Coin is in a chest.
	Coin struct {
		models.Model
		ChestID int64 `db:",fk=chests.id"`
	}
)

var (
	poetT     = models.Register[Poet]()
	poemT     = models.Register[Poem]()
	moodT     = models.Register[Mood]()
	poemMoodT = models.Register[PoemMood]()
	remarkT   = models.Register[Remark]()
	deskT     = models.Register[Desk]()
	chestT    = models.Register[Chest]()
	coinT     = models.Register[Coin]()
)

// relations are the tests of relations and loading.
var relations = []part{
	{"seed62 one to many", seed62},
	{"seed63 one to one", seed63},
	{"seed64 many to one", seed64},
	{"seed65 many to many through an association", seed65Collections},
	{"seed66 both sides in step", seed66},
	{"seed67 linked insert", seed67},
	{"seed68 lazy is an explicit load", seed68},
	{"seed69-71 joined, subquery, selectin", seed69},
	{"seed72-73 raise and noload", seed72},
	{"seed74 chained options", seed74},
	{"seed75 limit counts parents", seed75},
	{"seed76 the strategy is a default of the relation", seed76},
}

// relationTables are emptied before each test, in this order.
var relationTables = []string{"coins", "chests", "desks", "remarks", "poem_moods", "moods", "poems", "poets"}

// load loads a relation of an object: by the method or as a future.
func load[R any](s *session, rel interface {
	async.Relation[R]
}, block func() (R, error),
) (R, error) {
	if s.async {
		return async.Load(s.Context(), rel).Await(s.Context())
	}
	return block()
}

func loadMany[T any](s *session, m *models.HasMany[T]) ([]*T, error) {
	return load(s, m, func() ([]*T, error) { return m.Load(s.Context()) })
}

// poets inserts n poets with a desk and m poems each, every poem with two moods and a
// remark by the next poet.
func poets(s side, n, m int) (ps []*Poet) {
	s.Helper()
	d := s.direct()
	for i := range n {
		ps = append(ps, &Poet{Name: fmt.Sprint("poet ", i)})
	}
	_, err := exec(d, models.Insert(ps...))
	s.must(err)
	_, err = exec(d, models.Insert(&Mood{Name: "dark"}, &Mood{Name: "light"}))
	s.must(err)
	var poems []*Poem
	var desks []*Desk
	for _, p := range ps {
		desks = append(desks, &Desk{Wood: "oak", PoetID: &p.ID})
		for j := range m {
			poems = append(poems, &Poem{Title: fmt.Sprint(p.Name, " ", j), PoetID: p.ID})
		}
	}
	_, err = exec(d, models.Insert(poems...))
	s.must(err)
	_, err = exec(d, models.Insert(desks...))
	s.must(err)
	var moods []*PoemMood
	var remarks []*Remark
	for i, p := range poems {
		moods = append(moods, &PoemMood{p.ID, "dark"}, &PoemMood{p.ID, "light"})
		remarks = append(remarks, &Remark{Text: "of " + p.Title, PoemID: p.ID, PoetID: ps[(i/m+1)%n].ID})
	}
	_, err = exec(d, models.Insert(moods...))
	s.must(err)
	_, err = exec(d, models.Insert(remarks...))
	s.must(err)
	return ps
}

// both sides of the tests: in a session, and on the database itself.
func (s side) sources() []*session { return []*session{s.session(), s.direct()} }

func seed62(s side) {
	ses := s.session()
	p := &Poet{Name: "ada"}
	p.Poems.Add(&Poem{Title: "one"}, &Poem{Title: "two"})
	ses.add(p)
	s.must(ses.commit())
	got, err := one(s.direct(), models.From(poetT).With(models.SelectIn(&poetT.Poems)))
	s.must(err)
	poems, err := got.Poems.Items()
	if err != nil || len(poems) != 2 || poems[0].Title != "one" || poems[1].PoetID != got.ID {
		s.Errorf("%v, %v", poems, err)
	}
	mine, err := loadMany(ses, &p.Poems)
	s.must(err)
	p.Poems.Remove(mine[0]) // an orphan is deleted
	s.must(ses.commit())
	if n, err := count(s.direct(), models.From(poemT)); n != 1 || err != nil {
		s.Errorf("%d poems, %v", n, err)
	}
}

func seed63(s side) {
	ses := s.session()
	p := &Poet{Name: "ada"}
	p.Desk.Set(&Desk{Wood: "oak"})
	ses.add(p)
	s.must(ses.commit())
	for _, from := range s.sources() {
		got, err := one(from, models.From(poetT).With(models.Joined(&poetT.Desk)))
		s.must(err)
		d, err := got.Desk.Get()
		if err != nil || d == nil || d.Wood != "oak" || *d.PoetID != p.ID {
			s.Fatalf("%v, %v", d, err)
		}
		if back, err := d.Poet.Get(); back != got || err != nil {
			s.Errorf("the other side: %v, %v", back, err)
		}
	}
	s.must(create(s.direct(), &Poet{Name: "bob"}))
	bob, err := one(s.direct(), models.From(poetT).Where(models.HasNone(&poetT.Desk)).With(models.SelectIn(&poetT.Desk)))
	s.must(err)
	if d, err := bob.Desk.Get(); d != nil || err != nil {
		s.Errorf("a desk out of nowhere: %v, %v", d, err)
	}
}

func seed64(s side) {
	ps := poets(s, 2, 3)
	for _, from := range s.sources() {
		poems, err := all(from, models.From(poemT).OrderBy(models.Asc(&poemT.ID)).With(models.SelectIn(&poemT.Poet)))
		s.must(err)
		for i, x := range poems {
			p, err := x.Poet.Get()
			if err != nil || p == nil || p.ID != ps[i/3].ID {
				s.Errorf("poem %d is by %v, %v", i, p, err)
			}
		}
		a, _ := poems[0].Poet.Get()
		if b, _ := poems[1].Poet.Get(); a != b {
			s.Error("one poet is two objects")
		}
	}
	ses := s.session()
	x, err := first(ses, models.From(poemT).OrderBy(models.Asc(&poemT.ID)))
	s.must(err)
	bob, err := get[Poet](ses, ps[1].ID)
	s.must(err)
	x.Poet.Set(bob)
	s.must(ses.commit())
	if got, err := get[Poem](s.direct(), x.ID); err != nil || got.PoetID != bob.ID {
		s.Errorf("%+v, %v", got, err)
	}
}

func seed65Collections(s side) {
	poets(s, 1, 2)
	ses := s.session()
	poems, err := all(ses, models.From(poemT).OrderBy(models.Asc(&poemT.ID)).With(models.SelectIn(&poemT.Moods)))
	s.must(err)
	moods, err := poems[0].Moods.Items()
	if err != nil || len(moods) != 2 || moods[0].Name != "dark" {
		s.Fatalf("%v, %v", moods, err)
	}
	poems[0].Moods.Remove(moods[0])
	poems[0].Moods.Add(&Mood{Name: "grave"})
	s.must(ses.commit())
	names := func() string {
		ns, err := all(s.direct(), models.Select1(models.Col(&poemMoodT.MoodName)).Where(models.Eq(&poemMoodT.PoemID, poems[0].ID)).OrderBy(models.Asc(&poemMoodT.MoodName)))
		s.must(err)
		return strings.Join(ns, " ")
	}
	if got := names(); got != "grave light" {
		s.Errorf("%s", got)
	}
	s.must(poems[0].Moods.Set(moods[0]))
	s.must(ses.commit())
	if got := names(); got != "dark" {
		s.Errorf("%s", got)
	}
	back, err := one(s.direct(), models.From(moodT).Where(models.Eq(&moodT.Name, "dark")).With(models.Joined(&moodT.Poems)))
	s.must(err)
	if xs, err := back.Poems.Items(); err != nil || len(xs) != 2 || xs[0].ID != poems[0].ID {
		s.Errorf("the other side: %v, %v", xs, err)
	}
}

func seed66(s side) {
	ses := s.session()
	p, q := &Poet{Name: "ada"}, &Poet{Name: "bob"}
	x := &Poem{Title: "one"}
	ses.add(p, q, x)
	p.Poems.Add(x)
	if got, err := x.Poet.Get(); got != p || err != nil {
		s.Errorf("after Add: %v, %v", got, err)
	}
	x.Poet.Set(q)
	a, err1 := p.Poems.Items()
	b, err2 := q.Poems.Items()
	if len(a) != 0 || len(b) != 1 || b[0] != x || err1 != nil || err2 != nil {
		s.Errorf("after Set: %v, %v; %v, %v", a, b, err1, err2)
	}
	s.must(ses.commit())
	if got, err := get[Poem](s.direct(), x.ID); err != nil || got.PoetID != q.ID {
		s.Errorf("%+v, %v", got, err)
	}
}

func seed67(s side) {
	before := s.session()
	ada, poem := &Poet{Name: "ada"}, &Poem{Title: "one"}
	poem.Poet.Set(ada)
	before.add(poem)
	s.must(before.commit())
	s.must(before.close())
	ses := s.session()
	r := &Remark{Text: "fine", Poem: models.Ref(poem), Poet: models.Ref(ada)}
	ses.add(r)
	s.must(ses.commit())
	if got, err := get[Remark](s.direct(), r.ID); err != nil || got.PoemID != poem.ID || got.PoetID != ada.ID {
		s.Errorf("%+v, %v", got, err)
	}
	if n, err := count(s.direct(), models.From(poetT)); n != 1 || err != nil {
		s.Errorf("%d poets, %v", n, err)
	}
}

func seed68(s side) {
	poets(s, 3, 2)
	for _, from := range s.sources() {
		ps, err := all(from, models.From(poetT))
		s.must(err)
		if _, err := ps[0].Poems.Items(); !errors.Is(err, models.ErrNotLoaded) || !strings.Contains(err.Error(), "Poet.Poems") {
			s.Errorf("read before it is loaded: %v", err)
		}
		for _, p := range ps {
			if xs, err := loadMany(from, &p.Poems); err != nil || len(xs) != 2 || xs[0].PoetID != p.ID {
				s.Errorf("%v, %v", xs, err)
			}
		}
	}
	ses := s.session()
	p, err := first(ses, models.From(poetT))
	s.must(err)
	s.must(ses.close())
	if _, err := loadMany(ses, &p.Poems); !errors.Is(err, models.ErrDetached) {
		s.Errorf("of a closed session: %v", err)
	}
}

func seed69(s side) {
	poets(s, 3, 2)
	for _, how := range []func(models.Relation, ...models.LoadOption) models.Loading{models.Joined, models.Subquery, models.SelectIn, models.Immediate} {
		for _, from := range s.sources() {
			ps, err := all(from, models.From(poetT).OrderBy(models.Asc(&poetT.ID)).With(how(&poetT.Poems, how(&poemT.Moods)), how(&poetT.Desk)))
			if err != nil || len(ps) != 3 {
				s.Fatalf("%d poets, %v", len(ps), err)
			}
			for _, p := range ps {
				xs, err := p.Poems.Items()
				if err != nil || len(xs) != 2 || xs[0].PoetID != p.ID || xs[0].ID > xs[1].ID {
					s.Fatalf("%v, %v", xs, err)
				}
				if ms, err := xs[1].Moods.Items(); err != nil || len(ms) != 2 || ms[0].Name != "dark" {
					s.Errorf("%v, %v", ms, err)
				}
				if d, err := p.Desk.Get(); err != nil || d == nil || *d.PoetID != p.ID {
					s.Errorf("%v, %v", d, err)
				}
			}
		}
	}
}

func seed72(s side) {
	poets(s, 1, 2)
	for _, from := range s.sources() {
		p, err := one(from, models.From(poetT).With(models.Raise(&poetT.Poems), models.NoLoad(&poetT.Desk)))
		s.must(err)
		if _, err := loadMany(from, &p.Poems); !errors.Is(err, models.ErrNotLoaded) || !strings.Contains(err.Error(), "Poet.Poems") {
			s.Errorf("Load of what raises: %v", err)
		}
		if d, err := p.Desk.Get(); d != nil || err != nil {
			s.Errorf("NoLoad: %v, %v", d, err)
		}
	}
}

func seed74(s side) {
	ps := poets(s, 2, 2)
	for _, from := range s.sources() {
		xs, err := all(from, models.From(poemT).OrderBy(models.Asc(&poemT.ID)).With(
			models.SelectIn(&poemT.Poet), models.SelectIn(&poemT.Remarks, models.SelectIn(&remarkT.Poet))))
		s.must(err)
		for i, x := range xs {
			rs, err := x.Remarks.Items()
			if err != nil || len(rs) != 1 {
				s.Fatalf("%v, %v", rs, err)
			}
			by, err1 := rs[0].Poet.Get()
			of, err2 := x.Poet.Get()
			if err1 != nil || err2 != nil || by.ID != ps[(i/2+1)%2].ID || of.ID != ps[i/2].ID {
				s.Errorf("%v, %v, %v, %v", by, of, err1, err2)
			}
		}
	}
	_, err := all(s.direct(), models.From(poetT).With(models.SelectIn(&poetT.Poems, models.SelectIn(&remarkT.Poet))))
	if err == nil || !strings.Contains(err.Error(), "Remark.Poet is nested under Poet.Poems, which leads to Poem") {
		s.Errorf("a wrong nesting: %v", err)
	}
	if _, err := all(s.direct(), models.From(deskT).With(models.SelectIn(&poetT.Poems))); err == nil || !strings.Contains(err.Error(), "Poet.Poems is no relation of Desk") {
		s.Errorf("of another table: %v", err)
	}
}

func seed75(s side) {
	poets(s, 20, 3)
	q := models.From(poetT).OrderBy(models.Desc(&poetT.ID)).Limit(15).Offset(2)
	for _, how := range []func(models.Relation, ...models.LoadOption) models.Loading{models.Joined, models.Subquery, models.SelectIn} {
		for _, from := range s.sources() {
			ps, err := all(from, q.With(how(&poetT.Poems)))
			if err != nil || len(ps) != 15 {
				s.Fatalf("%d poets, %v", len(ps), err)
			}
			for i, p := range ps {
				if xs, err := p.Poems.Items(); err != nil || len(xs) != 3 || i > 0 && p.ID != ps[i-1].ID-1 {
					s.Errorf("poet %d in place %d: %v, %v", p.ID, i, xs, err)
				}
			}
		}
	}
}

func seed76(s side) {
	chest := &Chest{}
	s.must(create(s.direct(), chest))
	_, err := exec(s.direct(), models.Insert(&Coin{ChestID: chest.ID}, &Coin{ChestID: chest.ID}))
	s.must(err)
	q := models.From(chestT)
	for _, from := range s.sources() {
		for name, read := range map[string]func() (*Chest, error){
			"All": func() (*Chest, error) {
				cs, err := all(from, q)
				if len(cs) != 1 {
					return nil, errors.Join(err, fmt.Errorf("%d chests", len(cs)))
				}
				return cs[0], err
			},
			"First": func() (*Chest, error) { return first(from, q) },
			"One":   func() (*Chest, error) { return one(from, q) },
			"Get":   func() (*Chest, error) { return get[Chest](s.direct(), chest.ID) },
		} {
			c, err := read()
			if err != nil {
				s.Errorf("%s: %v", name, err)
				continue
			}
			for rel, m := range map[string]*models.HasMany[Coin]{"selectin": &c.SelectIn, "joined": &c.Joined, "subquery": &c.Subquery, "immediate": &c.Immediate} {
				if xs, err := m.Items(); err != nil || len(xs) != 2 {
					s.Errorf("%s, %s: %v, %v", name, rel, xs, err)
				}
			}
			if c.Lazy.Loaded() || c.Select.Loaded() || c.Raise.Loaded() {
				s.Errorf("%s: what is lazy was loaded", name)
			}
			if xs, err := c.NoLoad.Items(); len(xs) != 0 || err != nil {
				s.Errorf("%s, noload: %v, %v", name, xs, err)
			}
			if _, err := loadMany(from, &c.Raise); !errors.Is(err, models.ErrNotLoaded) {
				s.Errorf("%s, raise: %v", name, err)
			}
		}
	}
	// The query's word counts more.
	c, err := one(s.session(), q.With(models.Lazy(&chestT.Joined), models.SelectIn(&chestT.Raise), models.Joined(&chestT.Lazy, models.Filter(models.Gt(&coinT.ID, 0)))))
	s.must(err)
	if xs, err := c.Raise.Items(); c.Joined.Loaded() || err != nil || len(xs) != 2 || !c.Lazy.Loaded() {
		s.Errorf("%v, %v", xs, err)
	}
}
