package modeltest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/models"
)

// The tables of the suite.
type (
	// Member has the key that the database makes.
	Member struct {
		models.Model
		Name    string `db:",unique"`
		Nick    *string
		Points  int       `db:",default=10"`
		Joined  time.Time `db:",created"`
		Changed time.Time `db:",updated"`
	}
	// Message belongs to a member.
	Message struct {
		models.Model
		Text     string
		MemberID int64 `db:",fk=members.id,ondelete=cascade,index"`
	}
	// Room has a key of its own.
	Room struct {
		Code  string `db:",pk"`
		Seats int
	}
	// Seat joins members and rooms by a composite key.
	Seat struct {
		MemberID int64  `db:",pk,fk=members.id"`
		RoomCode string `db:",pk,fk=rooms.code"`
		Row      int
	}
)

var (
	memberT  = models.Register[Member]()
	messageT = models.Register[Message]()
	roomT    = models.Register[Room]()
	seatT    = models.Register[Seat]()
)

// A part is one test of the suite.
type part struct {
	name string
	run  func(s side)
}

// suite lists the tests. Each gets empty tables.
var suite = []part{
	{"seed13 Create inserts at once", seed13},
	{"seed22 without commit everything is rolled back", seed22},
	{"seed23 rollback, then go on", seed23},
	{"seed24 get by key", seed24},
	{"seed25 all and first", seed25},
	{"seed26 query, change, commit", seed26},
	{"seed27 delete", seed27},
	{"seed30 adding does not necessarily create", seed30},
	{"seed32 raw SQL with named parameters", seed32},
	{"seed33 raw rows", seed33},
	{"seed53 where", seed53},
	{"seed54 join by the only foreign key", seed54},
	{"seed55 order_by and desc", seed55},
	{"seed56 limit", seed56},
	{"seed57 offset, also without limit", seed57},
	{"seed58 contains, taken literally", seed58},
	{"seed59 or", seed59},
	{"seed60 aggregation", seed60},
	{"seed61 select", seed61},
	{"seed65 many to many by an association table", seed65},
	{"a failed flush leaves a usable session", failedFlush},
	{"one row is one object", identity},
	{"a closed session says so", closed},
	{"Exists, One and their errors", single},
	{"many callers at once", crowd},
}

// Run runs the suite on db, blocking and by futures.
func Run(t *testing.T, db *spillway.DB) {
	if err := models.CreateTables(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"blocking", "async"} {
		t.Run(mode, func(t *testing.T) {
			for _, part := range slices.Concat(suite, relations) {
				t.Run(part.name, func(t *testing.T) {
					for _, sql := range append([]string{"seats", "rooms", "messages", "members", "deposits"}, relationTables...) {
						if _, err := models.Exec(t.Context(), db, models.Raw[int](models.Unsafe("DELETE FROM "+sql))); err != nil {
							t.Fatal(err)
						}
					}
					part.run(side{t, db, mode == "async"})
				})
			}
		})
	}
}

// members inserts members with 0, 1, 2, … points and as many messages.
func members(s side, names ...string) (ms []*Member) {
	s.Helper()
	d := s.direct()
	for i, n := range names {
		ms = append(ms, &Member{Name: n, Points: i})
	}
	_, err := exec(d, models.Insert(ms...))
	s.must(err)
	for i, m := range ms {
		for j := range i {
			s.must(create(d, &Message{Text: fmt.Sprint(m.Name, " says ", j), MemberID: m.ID}))
		}
	}
	return ms
}

func (s side) wantMembers(want string) {
	s.Helper()
	names, err := all(s.direct(), models.Select1(models.Col(&memberT.Name)).OrderBy(models.Asc(&memberT.Name)))
	if got := strings.Join(names, " "); got != want || err != nil {
		s.Errorf("members %q, want %q; %v", got, want, err)
	}
}

func seed13(s side) {
	m := models.New[Member]()
	m.Name = "ada"
	s.must(create(s.direct(), m))
	if m.ID == 0 || m.Points != 10 || m.Joined.IsZero() {
		s.Errorf("%+v", m)
	}
	s.wantMembers("ada")
	if err := create(s.direct(), &Member{Name: "ada"}); !errors.Is(err, spillway.ErrUnique) {
		s.Errorf("a second ada: %v", err)
	}
	ses := s.session()
	s.must(create(ses, &Member{Name: "bob"}))
	s.wantMembers("ada")
	s.must(ses.commit())
	s.wantMembers("ada bob")
}

func seed22(s side) {
	ses := s.session()
	m := &Member{Name: "ada"}
	ses.add(m)
	s.must(ses.flush())
	if m.ID == 0 {
		s.Error("no key after the flush")
	}
	s.must(ses.close())
	s.wantMembers("")
}

func seed23(s side) {
	ms := members(s, "ada", "bob")
	ses := s.session()
	ada, err := get[Member](ses, ms[0].ID)
	s.must(err)
	ada.Name = "changed"
	ses.delete(must(get[Member](ses, ms[1].ID)))
	ses.add(&Member{Name: "cyd"})
	s.must(ses.flush())
	s.must(ses.rollback())
	if ada.Name != "ada" {
		s.Errorf("%+v", ada)
	}
	s.wantMembers("ada bob")
	ada.Points = 5
	ses.add(&Member{Name: "dan"})
	s.must(ses.commit())
	s.wantMembers("ada bob dan")
	if m, err := get[Member](s.direct(), ada.ID); err != nil || m.Points != 5 {
		s.Errorf("%+v, %v", m, err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func seed24(s side) {
	ms := members(s, "ada")
	s.must(create(s.direct(), &Room{Code: "A1", Seats: 3}))
	s.must(create(s.direct(), &Seat{MemberID: ms[0].ID, RoomCode: "A1", Row: 7}))
	for _, ses := range []*session{s.session(), s.direct()} {
		if m, err := get[Member](ses, ms[0].ID); err != nil || m.Name != "ada" {
			s.Errorf("%+v, %v", m, err)
		}
		if r, err := get[Room](ses, "A1"); err != nil || r.Seats != 3 {
			s.Errorf("%+v, %v", r, err)
		}
		if x, err := get[Seat](ses, models.Key{ms[0].ID, "A1"}); err != nil || x.Row != 7 {
			s.Errorf("%+v, %v", x, err)
		}
		if _, err := get[Member](ses, -1); !errors.Is(err, spillway.ErrNotFound) {
			s.Errorf("%v", err)
		}
	}
}

func seed25(s side) {
	members(s, "ada", "bob", "cyd")
	q := models.From(memberT).OrderBy(models.Desc(&memberT.Name))
	for _, ses := range []*session{s.session(), s.direct()} {
		ms, err := all(ses, q)
		if err != nil || len(ms) != 3 || ms[0].Name != "cyd" {
			s.Errorf("%d members, %v", len(ms), err)
		}
		if m, err := first(ses, q); err != nil || m.Name != "cyd" {
			s.Errorf("%+v, %v", m, err)
		}
	}
}

func seed26(s side) {
	ms := members(s, "ada", "bob")
	ses := s.session()
	ada, err := one(ses, models.From(memberT).Where(models.Eq(&memberT.Name, "ada")))
	s.must(err)
	ada.Points, ada.Name = 0, "Ada"
	nick := "countess"
	ada.Nick = &nick
	was := ada.Changed
	s.must(ses.commit())
	got, err := get[Member](s.direct(), ms[0].ID)
	s.must(err)
	if got.Name != "Ada" || got.Points != 0 || *got.Nick != nick || !got.Changed.Equal(ada.Changed) || !got.Changed.After(was) {
		s.Errorf("%+v", got)
	}
	if bob, err := get[Member](s.direct(), ms[1].ID); err != nil || !bob.Changed.Equal(ms[1].Changed) {
		s.Errorf("a bystander was written: %+v, %v", bob, err)
	}
}

func seed27(s side) {
	ms := members(s, "ada", "bob")
	ses := s.session()
	bob, err := get[Member](ses, ms[1].ID)
	s.must(err)
	ses.delete(bob)
	s.must(ses.commit())
	s.wantMembers("ada")
	if n, err := count(s.direct(), models.From(messageT)); n != 0 || err != nil {
		s.Errorf("%d messages of nobody, %v", n, err)
	}
}

func seed30(s side) {
	first := s.session()
	ada := &Member{Name: "ada"}
	room := &Room{Code: "A1", Seats: 1}
	first.add(ada, room)
	s.must(first.commit())
	s.must(first.close())
	ada.Points = 99
	second := s.session()
	second.add(ada)
	s.must(second.commit())
	s.wantMembers("ada")
	if m, err := get[Member](s.direct(), ada.ID); err != nil || m.Points != 99 {
		s.Errorf("%+v, %v", m, err)
	}
	// A literal is new, whatever its key.
	third := s.session()
	third.add(&Member{Model: models.Model{ID: ada.ID}, Name: "other"})
	if err := third.flush(); !errors.Is(err, spillway.ErrUnique) {
		s.Errorf("a literal with the key of another row: %v", err)
	}
}

func seed32(s side) {
	ms := members(s, "ada", "bob", "cyd")
	q := models.Raw[Member]("SELECT * FROM members WHERE name = :name OR id IN :ids ORDER BY id",
		models.Args{"name": "ada", "ids": []int64{ms[2].ID}}).ReadOnly()
	for _, ses := range []*session{s.session(), s.direct()} {
		got, err := all(ses, q)
		if err != nil || len(got) != 2 || got[1].Name != "cyd" {
			s.Errorf("%+v, %v", got, err)
		}
	}
}

func seed33(s side) {
	members(s, "ada", "bob")
	rows, err := all(s.direct(), models.Raw[models.Tuple]("SELECT name, points, nick FROM members ORDER BY id"))
	if err != nil || fmt.Sprint(rows) != "[{[name points nick] [ada 0 <nil>]} {[name points nick] [bob 1 <nil>]}]" {
		s.Errorf("%v, %v", rows, err)
	}
	maps, err := all(s.direct(), models.Raw[map[string]any]("SELECT name, points FROM members ORDER BY id"))
	if err != nil || fmt.Sprint(maps) != "[map[name:ada points:0] map[name:bob points:1]]" {
		s.Errorf("%v, %v", maps, err)
	}
}

func seed65(s side) {
	ms := members(s, "ada", "bob")
	ses := s.session()
	ses.add(&Seat{ms[0].ID, "A1", 1}, &Seat{ms[1].ID, "A1", 2}, &Room{Code: "A1"})
	s.must(ses.commit())
	names, err := all(ses, models.Select1(models.Col(&memberT.Name)).Join(seatT).Join(roomT).
		Where(models.Eq(&roomT.Code, "A1")).OrderBy(models.Asc(&seatT.Row)))
	if fmt.Sprint(names) != "[ada bob]" || err != nil {
		s.Errorf("%v, %v", names, err)
	}
}

func failedFlush(s side) {
	members(s, "taken")
	ses := s.session()
	ses.add(&Member{Name: "first"})
	s.must(ses.flush())
	bad := &Member{Name: "taken"}
	ses.add(&Member{Name: "beside"}, bad)
	for range 2 {
		if err := ses.commit(); !errors.Is(err, spillway.ErrUnique) {
			s.Errorf("%v", err)
		}
	}
	bad.Name = "free"
	s.must(ses.commit())
	s.wantMembers("beside first free taken")
}

func identity(s side) {
	ms := members(s, "ada")
	ses := s.session()
	a, err := get[Member](ses, ms[0].ID)
	s.must(err)
	b, err := first(ses, models.From(memberT))
	s.must(err)
	c, err := first(s.direct(), models.From(memberT))
	s.must(err)
	if a != b || a == c {
		s.Error("one row is one object within a session, and another outside of it")
	}
}

func closed(s side) {
	ses := s.session()
	s.must(ses.close())
	ses.add(&Member{Name: "late"})
	_, err := get[Member](ses, 1)
	for _, err := range []error{err, ses.flush(), ses.commit(), ses.rollback()} {
		if !errors.Is(err, spillway.ErrSessionClosed) {
			s.Errorf("%v", err)
		}
	}
	s.must(ses.close())
	s.wantMembers("")
}

func single(s side) {
	members(s, "ada", "bob")
	q := models.From(memberT)
	if yes, err := exists(s.direct(), q.Where(models.Eq(&memberT.Name, "nobody"))); yes || err != nil {
		s.Errorf("%v, %v", yes, err)
	}
	if yes, err := exists(s.session(), q); !yes || err != nil {
		s.Errorf("%v, %v", yes, err)
	}
	if _, err := one(s.session(), q); !errors.Is(err, spillway.ErrMultiple) {
		s.Errorf("%v", err)
	}
	if _, err := first(s.session(), q.Offset(2)); !errors.Is(err, spillway.ErrNotFound) {
		s.Errorf("%v", err)
	}
}
