package modeltest

import (
	"fmt"
	"strings"

	"github.com/spillwaydb/spillway/models"
)

// A Transfer has two foreign keys to one table.
type Transfer struct {
	models.Model
	FromID int64 `db:",fk=members.id"`
	ToID   int64 `db:",fk=members.id"`
}

var transferT = models.Register[Transfer]()

// wantTexts asks for messages in a session and on the database itself.
func (s side) wantTexts(q models.Query[*Message], want string) {
	s.Helper()
	for _, ses := range []*session{s.session(), s.direct()} {
		ms, err := all(ses, q)
		var texts []string
		for _, m := range ms {
			texts = append(texts, m.Text)
		}
		if got := strings.Join(texts, ","); got != want || err != nil {
			s.Errorf("%s, want %s; %v", got, want, err)
		}
	}
}

// byText are the messages in the order of their texts.
func byText() models.Query[*Message] {
	return models.From(messageT).OrderBy(models.Asc(&messageT.Text))
}

func seed53(s side) {
	ms := members(s, "ada", "bob", "cyd")
	for _, c := range []struct {
		q    models.Query[*Message]
		want string
	}{
		{byText().Where(models.Eq(&messageT.MemberID, ms[1].ID)), "bob says 0"},
		{byText().Where(models.Ne(&messageT.MemberID, ms[1].ID), models.Lt(&messageT.Text, "cyd says 1")), "cyd says 0"},
		{byText().Where(models.Eq(&messageT.MemberID, ms[2].ID)).Where(models.Eq(&messageT.Text, "cyd says 1")), "cyd says 1"},
		{byText().Where(models.In(&messageT.MemberID, ms[0].ID, ms[1].ID)), "bob says 0"},
		{byText().Where(models.Between(&messageT.Text, "bob", "cyd says 0")), "bob says 0,cyd says 0"},
		{byText().Where(models.Not(models.Gt(&messageT.Text, "c"))), "bob says 0"},
		{byText().Where(models.Eq(&messageT.MemberID, -1)), ""},
	} {
		s.wantTexts(c.q, c.want)
	}
	nobody, err := count(s.direct(), models.From(memberT).Where(models.IsNull(&memberT.Nick), models.Eq(&memberT.Nick, nil)))
	if nobody != 3 || err != nil {
		s.Errorf("%d without a nick, %v", nobody, err)
	}
}

func seed54(s side) {
	ms := members(s, "ada", "bob", "cyd")
	q := byText().Join(memberT)
	s.wantTexts(q.Where(models.Eq(&memberT.Name, "cyd")), "cyd says 0,cyd says 1")
	s.wantTexts(byText().Join(memberT, models.EqCol(&memberT.ID, &messageT.MemberID), models.Eq(&memberT.Points, 1)), "bob says 0")
	s.must(create(s.direct(), &Room{Code: "A1"}))
	s.must(create(s.direct(), &Seat{MemberID: ms[2].ID, RoomCode: "A1", Row: 3}))
	s.wantTexts(q.Join(seatT).Join(roomT).Where(models.Eq(&roomT.Code, "A1"), models.Gt(&seatT.Row, 2)), "cyd says 0,cyd says 1")
	_, err := all(s.direct(), models.From(transferT).Join(memberT))
	if err == nil || !strings.Contains(err.Error(), "several foreign keys fit (transfers.from_id → members; transfers.to_id → members)") {
		s.Errorf("two keys: %v", err)
	}
	if _, err = all(s.direct(), models.From(messageT).Join(roomT)); err == nil || !strings.Contains(err.Error(), "no foreign key between") {
		s.Errorf("no key: %v", err)
	}
	to := models.Alias(memberT, "recipient")
	s.must(create(s.direct(), &Transfer{FromID: ms[0].ID, ToID: ms[1].ID}))
	names, err := one(s.session(), models.Select2(models.Col(&memberT.Name), models.Col(&to.Name)).From(transferT).
		Join(memberT, models.EqCol(&memberT.ID, &transferT.FromID)).Join(to, models.EqCol(&to.ID, &transferT.ToID)))
	if names.A != "ada" || names.B != "bob" || err != nil {
		s.Errorf("%v, %v", names, err)
	}
	if _, err = exec(s.direct(), models.Delete(transferT).Everywhere()); err != nil {
		s.Error(err)
	}
}

func seed55(s side) {
	members(s, "ada", "bob", "cyd")
	s.wantTexts(models.From(messageT).OrderBy(models.Desc(&messageT.Text)), "cyd says 1,cyd says 0,bob says 0")
	s.wantTexts(models.From(messageT).OrderBy(models.Desc(&messageT.MemberID), models.Asc(&messageT.Text)), "cyd says 0,cyd says 1,bob says 0")
	s.wantTexts(models.From(messageT).OrderBy(models.Desc(&messageT.MemberID)).OrderBy(models.Length(models.Col(&messageT.Text)).Asc(), models.Desc(&messageT.Text)), "cyd says 1,cyd says 0,bob says 0")
}

func seed56(s side) {
	members(s, "ada", "bob", "cyd")
	s.wantTexts(byText().Limit(2), "bob says 0,cyd says 0")
	s.wantTexts(byText().Limit(0), "")
	s.wantTexts(byText().Limit(9), "bob says 0,cyd says 0,cyd says 1")
	if _, err := all(s.direct(), byText().Limit(-1)); err == nil || !strings.Contains(err.Error(), "Limit(-1)") {
		s.Errorf("%v", err)
	}
}

func seed57(s side) {
	members(s, "ada", "bob", "cyd")
	s.wantTexts(byText().Offset(1), "cyd says 0,cyd says 1")
	s.wantTexts(byText().Limit(1).Offset(1), "cyd says 0")
	s.wantTexts(byText().Offset(3), "")
	if _, err := all(s.direct(), byText().Offset(-1)); err == nil || !strings.Contains(err.Error(), "Offset(-1)") {
		s.Errorf("%v", err)
	}
}

func seed58(s side) {
	ms := members(s, "ada")
	for _, text := range []string{`100%`, `1000`, `a_b`, `acb`, `c:\x`, `[a]`, `a*b`, `A_B`} {
		s.must(create(s.direct(), &Message{Text: text, MemberID: ms[0].ID}))
	}
	for part, want := range map[string]string{`0%`: `100%`, `a_b`: `a_b`, `\x`: `c:\x`, `[a]`: `[a]`, `*`: `a*b`, `_B`: `A_B`, `?`: ``, `00`: `100%,1000`} {
		s.wantTexts(byText().Where(models.Contains(&messageT.Text, part)), want)
	}
	s.wantTexts(byText().Where(models.HasPrefix(&messageT.Text, "a_")), "a_b")
	s.wantTexts(byText().Where(models.HasSuffix(&messageT.Text, "0%")), "100%")
}

func seed59(s side) {
	members(s, "ada", "bob", "cyd")
	for _, c := range []struct {
		cond models.Cond
		want int64
	}{
		{models.Or(models.Eq(&memberT.Name, "ada"), models.Ge(&memberT.Points, 2)), 2},
		{models.Or(models.Contains(&memberT.Name, "a"), models.And(models.Eq(&memberT.Points, 1), models.Contains(&memberT.Name, "o"))), 2},
		{models.Or(models.Eq(models.Opt(&memberT.Nick), "x"), models.IsNull(&memberT.Nick)), 3},
		{models.Or(), 0},
		{models.And(), 3},
	} {
		if n, err := count(s.direct(), models.From(memberT).Where(c.cond)); n != c.want || err != nil {
			s.Errorf("%d, want %d; %v", n, c.want, err)
		}
	}
}

func seed60(s side) {
	members(s, "ada", "bob", "cyd")
	rows, err := all(s.session(), models.Select2(models.Col(&memberT.Name), models.CountOf(&messageT.ID)).
		LeftJoin(messageT).GroupBy(&memberT.Name).OrderBy(models.CountOf(&messageT.ID).Desc()))
	if fmt.Sprint(rows) != "[{cyd 2} {bob 1} {ada 0}]" || err != nil {
		s.Errorf("%v, %v", rows, err)
	}
	sum, err := one(s.direct(), models.Select3(models.Sum(&memberT.Points), models.Avg(&memberT.Points), models.Max(&memberT.Name)))
	if fmt.Sprint(sum) != "{3 1 cyd}" || err != nil {
		s.Errorf("%v, %v", sum, err)
	}
	some, err := one(s.direct(), models.Select2(
		models.Coalesce(models.Sum(&memberT.Points).Filter(models.Lt(&memberT.Points, 2)), 0),
		models.Case(models.When(models.CountRows().Gt(2), "many")).Else("few")).From(memberT))
	if fmt.Sprint(some) != "{1 many}" || err != nil {
		s.Errorf("%v, %v", some, err)
	}
	big, err := all(s.session(), models.Select1(models.Col(&messageT.MemberID)).GroupBy(&messageT.MemberID).Having(models.CountRows().Gt(1)))
	if len(big) != 1 || err != nil {
		s.Errorf("%v, %v", big, err)
	}
}

func seed61(s side) {
	members(s, "ada", "bob")
	names, err := all(s.direct(), models.Select1(models.Col(&memberT.Name)).OrderBy(models.Asc(&memberT.Name)))
	if fmt.Sprint(names) != "[ada bob]" || err != nil {
		s.Errorf("%v, %v", names, err)
	}
	pairs, err := all(s.session(), models.Select2(models.Col(&memberT.Name), models.Col(&memberT.Points).Plus(1)).OrderBy(models.Desc(&memberT.Points)).Limit(1))
	if fmt.Sprint(pairs) != "[{bob 2}]" || err != nil {
		s.Errorf("%v, %v", pairs, err)
	}
	type Card struct {
		Name     string
		Messages int64
	}
	cards, err := all(s.direct(), models.SelectAs[Card](&memberT.Name, models.CountOf(&messageT.ID).As("messages")).LeftJoin(messageT).GroupBy(&memberT.Name).OrderBy(models.Asc(&memberT.Name)))
	if fmt.Sprint(cards) != "[{ada 0} {bob 1}]" || err != nil {
		s.Errorf("%v, %v", cards, err)
	}
	points, err := all(s.session(), models.Select1(models.Col(&memberT.Points)).Distinct().OrderBy(models.Asc(&memberT.Points)))
	if fmt.Sprint(points) != "[0 1]" || err != nil {
		s.Errorf("%v, %v", points, err)
	}
}
