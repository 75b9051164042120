package models_test

import (
	"database/sql"
	sqldriver "database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/models"
)

// callers collects the stacks of calls of user code.
var callers func(method string)

func called(method string) {
	if callers != nil {
		callers(method)
	}
}

// Price is a decimal that is stored by Scan and Value, as such packages have it.
type Price struct{ r *big.Rat }

func price(s string) Price {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(s)
	}
	return Price{r}
}

func (p Price) String() string {
	if p.r == nil {
		return "0"
	}
	return p.r.FloatString(4)
}

func (p Price) Value() (sqldriver.Value, error) {
	called("Value")
	if p.r != nil && p.r.Sign() < 0 {
		panic("negative " + p.String())
	}
	return p.String(), nil
}

func (p *Price) Scan(src any) error {
	called("Scan")
	s, ok := src.(string)
	if !ok {
		return fmt.Errorf("a %T", src)
	}
	if s == "666.0000" {
		panic("the secret " + s)
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return errors.New("secret " + s)
	}
	p.r = r
	return nil
}

// MaybePrice can be NULL by itself.
type MaybePrice struct {
	Price
	Valid bool
}

func (p MaybePrice) Value() (sqldriver.Value, error) {
	if !p.Valid {
		return nil, nil
	}
	return p.Price.Value()
}

func (p *MaybePrice) Scan(src any) error {
	*p = MaybePrice{Valid: src != nil}
	if src == nil {
		return nil
	}
	return p.Price.Scan(src)
}

// Labels is stored as JSON by its own methods.
type Labels map[string]int

func (l Labels) Value() (sqldriver.Value, error) {
	b, err := json.Marshal(l)
	return b, err
}

func (l *Labels) Scan(src any) error { return json.Unmarshal(src.([]byte), l) }

// Level is a number that is stored as text.
type Level int

func (l Level) MarshalText() ([]byte, error) {
	called("MarshalText")
	return []byte(strings.Repeat("x", int(l))), nil
}

func (l *Level) UnmarshalText(b []byte) error {
	called("UnmarshalText")
	*l = Level(len(b))
	return nil
}

// Since is stored as a time.
type Since struct{ time.Time }

func (s Since) Value() (sqldriver.Value, error) { return s.Time, nil }
func (s *Since) Scan(src any) error             { s.Time = src.(time.Time); return nil }

// Owned has fields of types that encode themselves.
type Owned struct {
	models.Model
	Price  Price  `db:",type='numeric(24,4)'"`
	PPrice *Price `db:",type=numeric,type.sqlite=TEXT"`
	NPrice sql.Null[Price]
	Maybe  MaybePrice `db:",type=numeric"`
	Labels Labels     `db:",type=jsonb"`
	Level  Level      `db:",default=xx,check=level <> 'xxx'"`
	PLevel *Level     `db:",default=xxxx"`
	Addr   netip.Addr `db:",type.postgres=inet"`
	Big    big.Int
	PBig   *big.Int
	Since  Since
}

func anOwned() *Owned {
	return &Owned{
		Price: price("12345678901234567890.1234"), PPrice: ptr(price("1.5")), NPrice: sql.Null[Price]{V: price("2"), Valid: true},
		Maybe: MaybePrice{price("7.25"), true}, Labels: Labels{"a": 1}, Level: 2, PLevel: ptr(Level(1)), Addr: netip.MustParseAddr("10.0.0.1"),
		Big: *big.NewInt(1 << 60), PBig: big.NewInt(-3), Since: Since{time.UnixMicro(1).UTC()},
	}
}

func ownedText(o *Owned) string {
	s := fmt.Sprint(o.Price, o.PPrice, o.NPrice, o.Maybe.Valid, o.Maybe, o.Labels, int(o.Level), o.Addr, o.Big.String(), o.PBig, o.Since.UTC())
	if o.PLevel != nil {
		s += fmt.Sprint(" ", int(*o.PLevel))
	}
	return s
}

func TestTypesThatEncodeThemselves(t *testing.T) {
	r := models.NewRegistry()
	ownedT := models.RegisterIn[Owned](r)
	if o := models.NewIn[Owned](r); o.Level != 2 || *o.PLevel != 4 {
		t.Errorf("defaults %v", o)
	}
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		o := anOwned()
		must(t, models.Create(ctx, db, o))
		got, err := models.Get[Owned](ctx, db, o.ID)
		if err != nil || ownedText(got) != ownedText(o) {
			t.Fatalf("%v\nwrote %s\nread  %s", err, ownedText(o), ownedText(got))
		}
		empty := &Owned{Price: price("0"), Addr: netip.MustParseAddr("::1")}
		must(t, models.Create(ctx, db, empty))
		if empty.PLevel == nil || *empty.PLevel != 4 {
			t.Errorf("the default did not come back: %v", empty.PLevel)
		}
		got, err = models.Get[Owned](ctx, db, empty.ID)
		if err != nil || got.PPrice != nil || got.NPrice.Valid || got.Maybe.Valid || got.PBig != nil || *got.PLevel != 4 {
			t.Errorf("%v: %s", err, ownedText(got))
		}

		s := session(t, db)
		got, err = models.Get[Owned](ctx, s, o.ID)
		must(t, err)
		if c := models.Changed(s, got); len(c) > 0 {
			t.Errorf("just loaded, and %v changed", c)
		}
		got.Price, got.Level, got.Labels["b"] = price("1"), 5, 2
		got.Big.SetInt64(9)
		if c := fmt.Sprint(models.Changed(s, got)); c != "[price labels level big]" {
			t.Errorf("changed %s", c)
		}
		must(t, s.Flush(ctx))
		for i, c := range []models.Cond{
			models.Eq(&ownedT.Price, price("1.0000")), models.In(&ownedT.Level, 5, 6), models.Eq(models.Opt(&ownedT.PPrice), price("1.5")),
			models.Eq(&ownedT.Addr, netip.MustParseAddr("10.0.0.1")), models.Eq(&ownedT.Since, o.Since), models.NotNull(&ownedT.Maybe),
		} {
			rows, err := models.All(ctx, s, models.From(ownedT).Where(c))
			if err != nil || len(rows) != 1 || rows[0] != got {
				t.Errorf("condition %d: %d rows, %v", i, len(rows), err)
			}
		}
		must(t, s.Rollback(ctx))
		if ownedText(got) != ownedText(o) {
			t.Errorf("rolled back to %s\nfrom %s", ownedText(got), ownedText(o))
		}
		must(t, s.Refresh(ctx, got))

		pairs, err := models.All(ctx, db, models.Select2(models.Col(&ownedT.Price), models.Col(&ownedT.Level)).OrderBy(models.Asc(&ownedT.ID)))
		if err != nil || len(pairs) != 2 || pairs[0].A.String() != o.Price.String() || pairs[0].B != 2 {
			t.Errorf("%v, %v", pairs, err)
		}
		raw, err := models.One(ctx, db, models.Raw[Price]("SELECT price FROM owneds WHERE price IN :ps AND level = :l", models.Args{"ps": []Price{o.Price}, "l": Level(2)}))
		if err != nil || raw.String() != o.Price.String() {
			t.Errorf("%v, %v", raw, err)
		}
		if err := models.Create(ctx, db, &Owned{Price: price("0"), Addr: o.Addr, Level: 3}); !errors.Is(err, driver.ErrCheck) {
			t.Errorf("%v", err)
		}
	})
}

// Errors and panics of user code name the field and show no value, and leave the session
// as it was.
func TestUserCodeThatFails(t *testing.T) {
	r := models.NewRegistry()
	ownedT := models.RegisterIn[Owned](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		bad := anOwned()
		bad.Price = price("-1")
		err := models.Create(ctx, db, bad)
		if !errors.Is(err, driver.ErrValue) || !containsText(err, "Owned.Price: ") || !containsText(err, "Value of models_test.Price panicked") || containsText(err, "negative") {
			t.Errorf("%v", err)
		}
		s := session(t, db)
		o := anOwned()
		o.PPrice = ptr(price("666"))
		must(t, models.Create(ctx, db, o))
		for i, f := range []func() error{
			func() error { _, err := models.Get[Owned](ctx, s, o.ID); return err },
			func() error { _, err := models.All(ctx, db, models.From(ownedT)); return err },
			func() error { _, err := models.All(ctx, s, models.From(ownedT)); return err },
		} {
			err := f()
			if !errors.Is(err, driver.ErrDecode) || !containsText(err, "Owned.PPrice: ") || !containsText(err, "Scan of models_test.Price panicked") || containsText(err, "secret") {
				t.Errorf("%d: %v", i, err)
			}
		}
		_, err = models.Exec(ctx, db, models.Update(ownedT).Set(models.To(&ownedT.PPrice, nil)).Everywhere())
		must(t, err)
		if got, err := models.Get[Owned](ctx, s, o.ID); err != nil || got.Price.String() != o.Price.String() || got.PPrice != nil {
			t.Errorf("%v, %v: the session kept an object that was not complete", got, err)
		}
	})
}

// User code runs in the goroutine of a blocking caller, never on a worker.
func TestUserCodeNeverOnAWorker(t *testing.T) {
	r := models.NewRegistry()
	ownedT := models.RegisterIn[Owned](r)
	here := func() string {
		b := make([]byte, 64)
		id, _, _ := strings.Cut(string(b[:runtime.Stack(b, false)]), " [")
		return id
	}
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		me, n := here(), 0
		callers = func(method string) {
			n++
			stack := make([]byte, 8<<10)
			stack = stack[:runtime.Stack(stack, false)]
			if here() != me || strings.Contains(string(stack), ".Fly(") {
				t.Errorf("%s runs on a worker:\n%s", method, stack)
			}
		}
		defer func() { callers = nil }()
		must(t, models.Create(ctx, db, anOwned()))
		s := session(t, db)
		s.Add(anOwned())
		for range 2 {
			_, err := models.All(ctx, s, models.From(ownedT))
			must(t, err)
			_, err = models.All(ctx, db, models.From(ownedT))
			must(t, err)
			_, err = models.All(ctx, s, models.Select1(models.Col(&ownedT.Price)))
			must(t, err)
			_, err = models.All(ctx, s, models.Raw[Price]("SELECT price FROM owneds WHERE price = :p", models.Args{"p": price("1")}))
			must(t, err)
			must(t, s.Rollback(ctx))
		}
		if n < 20 {
			t.Errorf("%d calls of user code", n)
		}
	})
}

func TestOwnTypesAreWhatTheyStore(t *testing.T) {
	r := models.NewRegistry()
	models.RegisterIn[Owned](r)
	var got []string
	for _, c := range models.Tables(r)[0].Columns {
		null := ""
		if c.Nullable {
			null = " null"
		}
		got = append(got, fmt.Sprint(c.Name, " ", c.Type.Kind, null))
	}
	want := "[id int64 price text p_price text null n_price text null maybe other null labels bytes level text p_level text null addr text big text p_big text null since time]"
	if fmt.Sprint(got) != want {
		t.Errorf("%v\nwant %s", got, want)
	}
}
