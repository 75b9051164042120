package models_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/models"
)

func TestSeed16Metadata(t *testing.T) {
	r := models.NewRegistry()
	if got := models.Metadata(r); len(got) != 0 {
		t.Errorf("an empty registry: %v", got)
	}
	models.RegisterIn[Line](r)
	models.RegisterIn[mixin](r)
	if got := models.Metadata(r); len(got) != 1 { // asked before everything is registered
		t.Errorf("%v", got)
	}
	models.RegisterIn[Order](r)
	got := models.Metadata(r)
	var names []string
	for _, m := range got {
		names = append(names, m.Name+" "+m.Model+" "+fmt.Sprint(m.Key))
	}
	if s := strings.Join(names, ", "); s != "orders models_test.Order [shop no], lines models_test.Line [id]" {
		t.Fatalf("%s", s)
	}
	line := got[1]
	for _, c := range []struct{ got, want string }{
		{fmt.Sprint(line.ForeignKeys), "[{fk_line_order [shop no] orders [shop no] CASCADE  true}]"},
		{fmt.Sprint(line.Uniques), "[{from_one_city [from_city]} {to_one_city [to_city]}]"},
		{fmt.Sprint(line.Indexes), "[{uq_lines_text [{ lower(text) false}] true no > 0} {ix_lines_amount [{amount  true}] false } {from_by_street [{from_street  false}] false } {to_by_street [{to_street  false}] false }]"},
		{fmt.Sprint(line.Checks[:2]), "[{ck_lines_amount amount >= 0} {ck_round amount % 10 = 0}]"},
	} {
		if c.got != c.want {
			t.Errorf("%s\nwant %s", c.got, c.want)
		}
	}
	id, _ := line.Column("id")
	mood, _ := line.Column("mood")
	ts, _ := line.Column("update_ts")
	double, _ := line.Column("double")
	if _, ok := line.Column("nope"); ok || !id.Auto || id.Field != "Line.Model.ID" || !mood.Nullable || mood.Was != "feeling" ||
		ts.Type(models.Postgres) != "timestamptz(3)" || ts.Type(models.SQLite) != "TIMESTAMP" || ts.Server(models.SQLite) != "now()" ||
		double.Generated(models.Postgres) != "amount * 2" || id.Generated(models.SQLite) != "" {
		t.Errorf("%+v %+v %+v %+v", id, mood, ts, double)
	}
	models.RegisterIn[User](r)
	users := models.Metadata(r)
	active, _ := users[2].Column("active")
	if active.Default == nil || *active.Default != "true" {
		t.Errorf("%+v", active)
	}
	// It is a copy.
	*active.Default, got[0].Key[0] = "false", "x"
	if again, _ := models.Metadata(r)[2].Column("active"); *again.Default != "true" || models.Metadata(r)[0].Key[0] != "shop" {
		t.Error("what Metadata gives out is not a copy")
	}
	models.Register[Tag]()
	if !strings.Contains(fmt.Sprint(models.Metadata(nil)), "models_test.Tag") {
		t.Error("not in the default registry")
	}
}
