package models_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
	"pgregory.net/rapid"
)

type (
	Flavour string
	Flag    bool
	Small   int8
	Token   [16]byte
	Blob    []byte
)

type Address struct {
	Street string
	No     int `json:"no"`
}

// Every is a struct with a field of every kind.
type Every struct {
	models.Model
	B        bool
	FlagB    Flag
	I        int
	I8       Small
	I16      int16
	I32      int32
	I64      int64
	U        uint
	U8       uint8
	U16      uint16
	U32      uint32
	U64      uint64
	F32      float32
	F64      float64
	S        string
	Named    Flavour
	Bytes    []byte
	NamedB   Blob
	At       time.Time
	Took     time.Duration
	UUID     Token
	Doc      map[string]any `db:",json"`
	List     []string       `db:",json"`
	Home     Address        `db:",json"`
	RawDoc   json.RawMessage
	Bools    []bool
	Ints     []int
	Smalls   []Small
	U32s     []uint32
	Floats   []float64
	Singles  []float32
	Texts    []Flavour
	Times    []time.Time
	UUIDs    []Token
	PTexts   *[]string
	NullInts sql.Null[[]int64]
	PB       *bool
	PI       *int
	PI8      *Small
	PU64     *uint64
	PF       *float64
	PS       *string
	PNamed   *Flavour
	PBytes   *[]byte
	PAt      *time.Time
	PTook    *time.Duration
	PUUID    *Token
	PHome    *Address `db:",json"`
	NullS    sql.Null[string]
	NullAt   sql.Null[time.Time]
	NullI16  sql.Null[int16]
	NullOld  sql.NullString
	NullOldI sql.NullInt64
}

var (
	every  = models.NewRegistry()
	everyT = models.RegisterIn[Every](every)
)

func ptr[T any](v T) *T { return &v }

// drawEvery makes an Every with random values.
func drawEvery(t *rapid.T) *Every {
	micro := rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMicro(rapid.Int64Range(-62135596800_000_000, 253402300799_999_999).Draw(t, "µs")).UTC()
	})
	text := rapid.StringMatching(`[^\x00]*`)
	uuid := rapid.Custom(func(t *rapid.T) (u Token) {
		copy(u[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "uuid"))
		return u
	})
	finite := rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64)
	e := &Every{
		B: rapid.Bool().Draw(t, "b"), FlagB: Flag(rapid.Bool().Draw(t, "flag")),
		I: rapid.Int().Draw(t, "i"), I8: Small(rapid.Int8().Draw(t, "i8")), I16: rapid.Int16().Draw(t, "i16"), I32: rapid.Int32().Draw(t, "i32"), I64: rapid.Int64().Draw(t, "i64"),
		U: uint(rapid.Uint64Max(math.MaxInt64).Draw(t, "u")), U8: rapid.Uint8().Draw(t, "u8"), U16: rapid.Uint16().Draw(t, "u16"), U32: rapid.Uint32().Draw(t, "u32"), U64: rapid.Uint64Max(math.MaxInt64).Draw(t, "u64"),
		F32: rapid.Float32().Draw(t, "f32") + 0, F64: finite.Draw(t, "f64") + 0, // no -0, see the package comment
		S: text.Draw(t, "s"), Named: Flavour(text.Draw(t, "named")),
		Bytes: rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"), NamedB: rapid.SliceOf(rapid.Byte()).Draw(t, "namedb"),
		At: micro.Draw(t, "at"), Took: time.Duration(rapid.Int64().Draw(t, "took")), UUID: uuid.Draw(t, "uuid"),
		Doc:  map[string]any{"k": rapid.StringMatching(`[a-zä]*`).Draw(t, "doc")},
		List: rapid.SliceOf(rapid.StringMatching(`[a-z"]*`)).Draw(t, "list"), Home: Address{rapid.StringMatching(`[a-z ]*`).Draw(t, "street"), rapid.IntRange(-9, 9).Draw(t, "no")},
		RawDoc: json.RawMessage(`7`),
		Bools:  rapid.SliceOf(rapid.Bool()).Draw(t, "bools"), Ints: rapid.SliceOf(rapid.Int()).Draw(t, "ints"),
		Smalls: rapid.SliceOf(rapid.Map(rapid.Int8(), func(i int8) Small { return Small(i) })).Draw(t, "smalls"), U32s: rapid.SliceOf(rapid.Uint32()).Draw(t, "u32s"),
		Floats: rapid.SliceOf(rapid.Map(finite, func(f float64) float64 { return f + 0 })).Draw(t, "floats"), Singles: rapid.SliceOf(rapid.Map(rapid.Float32(), func(f float32) float32 { return f + 0 })).Draw(t, "singles"),
		Texts: rapid.SliceOf(rapid.Map(text, func(s string) Flavour { return Flavour(s) })).Draw(t, "texts"),
		Times: rapid.SliceOf(micro).Draw(t, "times"), UUIDs: rapid.SliceOf(uuid).Draw(t, "uuids"),
	}
	if rapid.Bool().Draw(t, "pointers") {
		e.PB, e.PI, e.PI8, e.PU64, e.PF = ptr(e.B), ptr(e.I), ptr(e.I8), ptr(e.U64), ptr(e.F64)
		e.PS, e.PNamed, e.PBytes, e.PAt, e.PTook, e.PUUID, e.PHome = ptr(e.S), ptr(e.Named), ptr(e.Bytes), ptr(e.At), ptr(e.Took), ptr(e.UUID), ptr(e.Home)
		e.NullS, e.NullAt, e.NullI16 = sql.Null[string]{V: e.S, Valid: true}, sql.Null[time.Time]{V: e.At, Valid: true}, sql.Null[int16]{V: e.I16, Valid: true}
		e.PTexts, e.NullInts = ptr([]string{e.S, `a"b\`, "NULL", ""}), sql.Null[[]int64]{V: []int64{e.I64}, Valid: true}
		e.NullOld, e.NullOldI = sql.NullString{String: e.S, Valid: true}, sql.NullInt64{Int64: e.I64, Valid: true}
	}
	return e
}

// plain renders an object without the hidden word and without pointers.
func plain(e *Every) string {
	b, err := json.Marshal(e)
	return fmt.Sprint(string(b), err)
}

// What is written comes back, whatever it is.
func TestValuesRoundTrip(t *testing.T) {
	both(t, every, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		rapid.Check(t, func(t *rapid.T) {
			e := drawEvery(t)
			if err := models.Create(ctx, db, e); err != nil {
				t.Fatal(err)
			}
			got, err := models.Get[Every](ctx, db, e.ID)
			if err != nil {
				t.Fatal(err)
			}
			if a, b := plain(e), plain(got); a != b {
				t.Fatalf("wrote %s\nread  %s", a, b)
			}
			s := models.NewSession(db, "test")
			defer s.Close()
			got, err = models.Get[Every](ctx, s, e.ID)
			if err != nil {
				t.Fatal(err)
			}
			if changed := models.Changed(s, got); len(changed) > 0 {
				t.Fatalf("just loaded, and %v changed", changed)
			}
		})
	})
}

// A change of any field, in place too, is noticed, written and taken back.
func TestEveryFieldIsTracked(t *testing.T) {
	both(t, every, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		rapid.Check(t, func(t *rapid.T) {
			e, f := drawEvery(t), drawEvery(t)
			s := models.NewSession(db, "test")
			defer s.Close()
			s.Add(e)
			if err := s.Commit(ctx); err != nil {
				t.Fatal(err)
			}
			was := plain(e)
			ev, fv := reflect.ValueOf(e).Elem(), reflect.ValueOf(f).Elem()
			i := rapid.IntRange(1, ev.NumField()-1).Draw(t, "field")
			if p := ev.Field(i); p.Kind() == reflect.Pointer && !p.IsNil() && !fv.Field(i).IsNil() {
				p.Elem().Set(fv.Field(i).Elem())
			} else {
				p.Set(fv.Field(i))
			}
			now := plain(e)
			if got := len(models.Changed(s, e)) > 0; got != (now != was) {
				t.Fatalf("%s: changed %v\n%s\n%s", ev.Type().Field(i).Name, got, was, now)
			}
			if err := s.Flush(ctx); err != nil {
				t.Fatal(err)
			}
			got, err := models.First(ctx, s, models.Raw[Every]("SELECT * FROM everies WHERE id = :id", models.Args{"id": e.ID}))
			if err != nil || plain(&got) != now {
				t.Fatalf("%v\nwrote %s\nread  %s", err, now, plain(&got))
			}
			if err := s.Rollback(ctx); err != nil {
				t.Fatal(err)
			}
			if got := plain(e); got != was {
				t.Fatalf("rolled back to %s\nfrom %s", got, was)
			}
		})
	})
}

func TestValuesThatDoNotFit(t *testing.T) {
	db := open(t, "sqlite::memory:", every)
	ctx := t.Context()
	for _, c := range []struct {
		e    *Every
		want string
	}{
		{&Every{U64: 1 << 63}, "Every.U64: value does not fit: an unsigned integer above"},
		{&Every{Doc: map[string]any{"secret": make(chan int)}}, "Every.Doc: value does not fit: this map[string]interface {} has no JSON form"},
	} {
		err := models.Create(ctx, db, c.e)
		if !errors.Is(err, driver.ErrValue) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	e := &Every{}
	must(t, models.Create(ctx, db, e))
	for _, c := range []struct {
		sql  string
		want string
	}{
		{"UPDATE everies SET i8 = 128", "Every.I8: value can not be read as the wanted type: the number does not fit into int8"},
		{"UPDATE everies SET i8 = 0, u8 = -1", "Every.U8: value can not be read as the wanted type"},
		{"UPDATE everies SET u8 = 0, home = '{\"no\": \"secret\"}'", "Every.Home: value can not be read as the wanted type: the document does not fit into models_test.Address"},
	} {
		must(t, exec(ctx, db, models.Raw[int](models.Unsafe(c.sql))))
		err := get[Every](ctx, db, e.ID)
		if !errors.Is(err, driver.ErrDecode) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

func TestNullColumnsByTheirBaseType(t *testing.T) {
	both(t, every, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		must(t, models.Create(ctx, db, &Every{NullS: sql.Null[string]{V: "x", Valid: true}, PI8: ptr(Small(7)), PNamed: ptr(Flavour("mint"))}))
		for i, c := range []models.Cond{
			models.Eq(&everyT.NullS.V, "x"),
			models.Eq(models.Opt(&everyT.PI8), 7),
			models.Contains(models.Opt(&everyT.PNamed), "in"),
			models.IsNull(&everyT.NullAt),
			models.Eq(&everyT.NullS, sql.Null[string]{V: "x", Valid: true}),
			models.Eq(&everyT.NullAt, sql.Null[time.Time]{}),
		} {
			if n, err := models.Count(ctx, db, models.From(everyT).Where(c)); n != 1 || err != nil {
				t.Errorf("condition %d: %d rows, %v", i, n, err)
			}
		}
	})
}

func TestMissingTableSaysWhatToDo(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		e, _ := openPool(t, url, blog)
		_, err := models.All(t.Context(), e, models.From(userT))
		if !errors.Is(err, driver.ErrNoTable) || !containsText(err, "CreateTables") || !containsText(err, "spillway migrate") {
			t.Errorf("%v", err)
		}
	})
}

// Bytes may be changed where they lie.
func TestChangesInPlaceAreNoticed(t *testing.T) {
	db := open(t, "sqlite::memory:", every)
	s := session(t, db)
	e := &Every{Bytes: []byte("abc"), RawDoc: json.RawMessage(`"abc"`), PBytes: ptr([]byte("abc")), List: []string{"a"}, PS: ptr("a"), NullS: sql.Null[string]{V: "a", Valid: true}}
	s.Add(e)
	must(t, s.Commit(t.Context()))
	e.Bytes[0], e.RawDoc[1], (*e.PBytes)[0], e.List[0], *e.PS, e.NullS.V = 'x', 'x', 'x', "x", "x", "x"
	if got := fmt.Sprint(models.Changed(s, e)); got != "[bytes list raw_doc ps p_bytes null_s]" {
		t.Errorf("changed: %s", got)
	}
	must(t, s.Rollback(t.Context()))
	if string(e.Bytes)+string(e.RawDoc)+string(*e.PBytes)+e.List[0]+*e.PS+e.NullS.V != `abc"abc"abcaaa` {
		t.Errorf("not restored: %+v", e)
	}
}
