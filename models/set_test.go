package models_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/models"
)

// Form has a field of every sort that Set fills.
type Form struct {
	models.Model
	Name   string
	Nick   *string
	Age    int8
	Points *uint16
	Ratio  float64
	On     bool
	Maybe  *bool
	At     time.Time
	Due    *time.Time
	Took   time.Duration
	Token  Token
	Mood   Mood
	Kind   *string  `db:",enum=a|b"`
	Doc    Address  `db:",json"`
	Any    any      `db:",json"`
	Tags   []string `db:",json"`
	Nums   []int16
	Bytes  []byte
	Raw    json.RawMessage
	Price  Price `db:",type=numeric"`
	Level  *Level
	Addr   netip.Addr
	Twice  int `db:",generated=age * 2"`
}

var (
	forms = models.NewRegistry()
	formT = models.RegisterIn[Form](forms)
)

// TestSeed31Set converts what forms and JSON hold.
func TestSeed31Set(t *testing.T) {
	day := time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
	token := Token{0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3, 0xa4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40, 0x00}
	for _, c := range []struct {
		column string
		value  any
		want   any
	}{
		{"name", "ada", "ada"},
		{"name", Flavour("ada"), "ada"},
		{"name", []byte("ada"), "ada"},
		{"name", "", ""},
		{"name", ptr("ada"), "ada"},
		{"nick", "x", "x"},
		{"nick", "", ""},
		{"nick", nil, nil},
		{"nick", ptr("x"), "x"},
		{"age", "-12", "-12"},
		{"age", " 7 ", "7"},
		{"age", 7, "7"},
		{"age", uint64(7), "7"},
		{"age", 7.0, "7"},
		{"age", json.Number("7"), "7"},
		{"points", "65535", "65535"},
		{"points", "", nil},
		{"points", nil, nil},
		{"points", ptr(9), "9"},
		{"ratio", "0.25", "0.25"},
		{"ratio", 3, "3"},
		{"ratio", float32(0.5), "0.5"},
		{"ratio", uint8(3), "3"},
		{"on", "on", "true"},
		{"on", "No", "false"},
		{"on", "TRUE", "true"},
		{"on", 1, "true"},
		{"on", Flag(true), "true"},
		{"maybe", "", nil},
		{"maybe", "0", "false"},
		{"at", "2026-03-04", day},
		{"at", "2026-03-04T05:06", day.Add(306 * time.Minute)},
		{"at", "2026-03-04T05:06:07.5+02:00", day.Add(186*time.Minute + 7500*time.Millisecond)},
		{"at", "2026-03-04 05:06:07", day.Add(306*time.Minute + 7*time.Second)},
		{"at", "2026-03-04 05:06:07.25+00", day.Add(306*time.Minute + 7250*time.Millisecond)},
		{"at", day, day},
		{"due", "", nil},
		{"due", "2026-03-04", day},
		{"took", "1h30m", "1h30m0s"},
		{"took", time.Second, "1s"},
		{"took", 1000, "1µs"},
		{"token", "123e4567-e89b-12d3-a456-426614174000", token},
		{"token", "{123E4567E89B12D3A456426614174000}", token},
		{"token", token[:], token},
		{"token", [16]byte(token), token},
		{"mood", "glad", "glad"},
		{"kind", "b", "b"},
		{"kind", nil, nil},
		{"doc", `{"Street": "s", "no": 3}`, Address{"s", 3}},
		{"doc", map[string]any{"no": 4}, Address{"", 4}},
		{"doc", Address{"x", 1}, Address{"x", 1}},
		{"any", `[1]`, "[1]"},
		{"any", 7, "7"},
		{"tags", []any{"a", "b"}, "[a b]"},
		{"tags", `["c"]`, "[c]"},
		{"nums", []string{"1", "2"}, "[1 2]"},
		{"nums", []any{3.0, "4"}, "[3 4]"},
		{"nums", []int{}, "[]"},
		{"bytes", "abc", "[97 98 99]"},
		{"raw", `{"a":1}`, json.RawMessage(`{"a":1}`)},
		{"raw", map[string]int{"a": 1}, json.RawMessage(`{"a":1}`)},
		{"price", "12.5", "12.5000"},
		{"level", "xx", "2"},
		{"level", nil, nil},
		{"level", "", nil},
		{"addr", "10.0.0.1", "10.0.0.1"},
	} {
		f := &Form{Nick: ptr("was"), Points: ptr(uint16(1)), Maybe: ptr(true), Due: &day, Kind: ptr("a"), Level: ptr(Level(1))}
		if err := models.Set(f, models.Vals{c.column: c.value}); err != nil {
			t.Errorf("%s = %#v: %v", c.column, c.value, err)
			continue
		}
		got := models.Dict(f)[c.column]
		if at, ok := c.want.(time.Time); ok {
			if g, ok := got.(time.Time); !ok || !g.Equal(at) {
				t.Errorf("%s = %#v gave %v, want %v", c.column, c.value, got, at)
			}
			continue
		}
		if u, ok := c.want.(Token); ok {
			got, c.want = f.Token, u
		}
		if l, ok := got.(Level); ok {
			got = int(l)
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s = %#v gave %v, want %v", c.column, c.value, got, c.want)
		}
	}
}

func TestSeed31SetMistakes(t *testing.T) {
	const secret = "canary"
	for _, c := range []struct {
		column string
		value  any
		want   string
	}{
		{"nam", "x", "models_test.Form has no column nam; it has addr, age,"},
		{"id", 7, "Form.Model.ID: it is the key"},
		{"twice", 7, "Form.Twice: the database generates this column"},
		{"name", 7, "Form.Name: want a text, not int"},
		{"name", nil, "Form.Name: the column can not be NULL"},
		{"age", secret, "Form.Age: want an integer that fits into int8"},
		{"age", "", "want an integer"},
		{"age", 128, "want an integer"},
		{"age", 1.5, "want an integer"},
		{"age", true, "want an integer"},
		{"age", uint64(1 << 63), "want an integer"},
		{"points", -1, "want an integer that fits into uint16"},
		{"ratio", secret, "want a number"},
		{"ratio", "NaN", "want a number"},
		{"ratio", []int{1}, "want a number"},
		{"on", secret, "want true or false"},
		{"on", 2, "want true or false"},
		{"at", secret, "want a time such as"},
		{"at", 7, "want a time, not int"},
		{"due", "yesterday", "want a time such as"},
		{"took", "1 parsec", `want a duration such as "1h30m"`},
		{"token", secret, "want a UUID"},
		{"token", []byte{1}, "want a UUID"},
		{"mood", secret, "Form.Mood: want one of glad, it's, sad"},
		{"kind", "c", "want one of a, b"},
		{"doc", secret, "want a JSON document"},
		{"doc", `{"no":"canary"}`, "the document does not fit into models_test.Address"},
		{"doc", make(chan int), "has no JSON form"},
		{"nums", "1", "want a list, not string"},
		{"nums", []string{"1", secret}, "element 2: want an integer that fits into int16"},
		{"bytes", 7, "want bytes, not int"},
		{"price", secret, "models_test.Price does not take this value"},
		{"level", 7, "want the text of a models_test.Level"},
		{"addr", secret, "netip.Addr does not take this value"},
	} {
		f := &Form{Name: "was", Age: 3}
		err := models.Set(f, models.Vals{c.column: c.value, "ratio2": 1, "name": "new"})
		if c.column == "name" {
			err = models.Set(f, models.Vals{c.column: c.value, "ratio2": 1})
		}
		var fe *models.FieldError
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.As(err, &fe) || !errors.Is(err, driver.ErrValue) {
			t.Errorf("%s = %#v: %v, want %q", c.column, c.value, err, c.want)
			continue
		}
		if strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "no column ratio2") {
			t.Errorf("%s: %v", c.column, err)
		}
		if f.Name != "was" || f.Age != 3 {
			t.Errorf("%s: a part was written: %+v", c.column, f)
		}
	}
	if err := models.Set(formT, models.Vals{"name": "x"}); err == nil || !strings.Contains(err.Error(), "prototype of models_test.Form") {
		t.Errorf("the prototype: %v", err)
	}
	if err := models.Set(&relPair{}, models.Vals{"top": 1}); err == nil || !strings.Contains(err.Error(), "relPair.Top is a relation") && !strings.Contains(err.Error(), "is a relation") {
		t.Errorf("a relation: %v", err)
	}
	defer func() {
		if msg := fmt.Sprint(recover()); !strings.Contains(msg, "want a pointer to a struct") {
			t.Errorf("panic %q", msg)
		}
	}()
	_ = models.Set(Form{}, nil)
}

// A session writes what Set changed, and nothing else.
func TestSeed31SetInASession(t *testing.T) {
	both(t, forms, func(t *testing.T, db *models.Engine) {
		f := &Form{Name: "ada", Mood: "sad", Price: Price{big.NewRat(1, 1)}}
		must(t, models.Create(t.Context(), db, f))
		s := session(t, db)
		got, err := models.Get[Form](t.Context(), s, f.ID)
		must(t, err)
		must(t, models.Set(got, models.Vals{"name": "ada", "age": "36", "nums": []string{"1"}, "points": "7"}))
		if changed := fmt.Sprint(models.Changed(s, got)); changed != "[age points nums]" {
			t.Errorf("changed %s", changed)
		}
		must(t, s.Commit(t.Context()))
		again, err := models.Get[Form](t.Context(), db, f.ID)
		must(t, err)
		if again.Age != 36 || *again.Points != 7 || fmt.Sprint(again.Nums) != "[1]" || again.Twice != 72 || again.Name != "ada" {
			t.Errorf("%+v", again)
		}
	})
}
