package models_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/models"
)

type base struct {
	ID int64
}

type scanning struct{ X int }

func (*scanning) Scan(any) error { return nil }

type marshaling int

func (marshaling) MarshalText() ([]byte, error) { return nil, nil }

// mistake registers T and returns what it panics with.
func mistake[T any]() (name, msg string) {
	defer func() { msg, _ = recover().(string) }()
	models.RegisterIn[T](models.NewRegistry())
	return "", ""
}

func TestMappingMistakes(t *testing.T) {
	type NoKey struct{ Name string }
	type VersionText struct {
		ID int64
		V  string `db:",version"`
	}
	type VersionNull struct {
		ID int64
		V  *int64 `db:",version"`
	}
	type VersionTwice struct {
		ID   int64
		V, W int64 `db:",version"`
	}
	type VersionKey struct {
		ID int64 `db:",pk,version"`
	}
	type SoftTime struct {
		ID int64
		At time.Time `db:",softdelete"`
	}
	type SoftTwice struct {
		ID   int64
		A, B bool `db:",softdelete"`
	}
	type Slice struct {
		ID   int64
		List []map[string]int
	}
	type SliceOfPointers struct {
		ID   int64
		List []*int
	}
	type ArrayKey struct{ ID []int64 }
	type OwnKey struct{ ID Price }
	type OwnRef struct {
		ID  int64
		Ref Level `db:",fk=users.id"`
	}
	type NoType struct {
		ID int64
		P  MaybePrice
	}
	type Chan struct {
		ID int64
		C  chan int
	}
	type Pointer struct {
		*base
		Name string
	}
	type NullKey struct {
		ID *int64
	}
	type FloatKey struct {
		ID float64
	}
	type KeyDefault struct {
		ID int64 `db:",default=1"`
	}
	type Later struct {
		ID      int64
		Version int64 `db:",orm"`
	}
	type Unknown struct {
		ID   int64
		Name string `db:",uniqe"`
	}
	type NoValue struct {
		ID  int64
		Ref int64 `db:",fk"`
	}
	type EmptyValue struct {
		ID  int64
		Ref int64 `db:",type="`
	}
	type HasValue struct {
		ID   int64
		Name string `db:",json=yes"`
	}
	type BadKey struct {
		ID  int64
		Ref int64 `db:",fk=users"`
	}
	type BadAction struct {
		ID  int64
		Ref int64 `db:",fk=users.id,ondelete=explode"`
	}
	type LonelyAction struct {
		ID  int64
		Ref int64 `db:",ondelete=cascade"`
	}
	type SetNull struct {
		ID  int64
		Ref int64 `db:",fk=users.id,ondelete=setnull"`
	}
	type SetDefault struct {
		ID  int64
		Ref int64 `db:",fk=users.id,onupdate=setdefault"`
	}
	type BadDefault struct {
		ID  int64
		Age int `db:",default=old"`
	}
	type WideDefault struct {
		ID  int64
		Age int8 `db:",default=1000"`
	}
	type TimeDefault struct {
		ID int64
		At time.Time `db:",default=now"`
	}
	type Quote struct {
		ID   int64
		Name string `db:",default='x"`
	}
	type Stamp struct {
		ID int64
		At string `db:",created"`
	}
	type hidden struct {
		ID   int64
		name string `db:"name"`
	}
	_ = hidden{}.name
	type Twice struct {
		ID int64
		A  string `db:"name"`
		B  string `db:"name"`
	}
	type TwoIDs struct {
		base
		Other struct{ X int }  `db:",json"`
		Inner struct{ ID int } `db:",json"`
	}
	type First struct{ ID int64 }
	type Second struct{ ID int64 }
	type BothIDs struct {
		First
		Second
	}
	type Relation struct {
		ID    int64
		Posts any `rel:"fk=AuthorID"`
	}
	type Models2 struct {
		models.Model
		Deep struct{ models.Model } `db:"-"`
	}
	type PP struct {
		ID int64
		P  **string
	}
	type Scan struct {
		ID int64
		S  scanning
	}
	type Marshal struct {
		ID int64
		M  marshaling
	}
	type Dialect struct {
		ID int64
		X  string `db:",type.oracle=clob"`
	}
	type Empty struct {
		ID int64
		X  struct{} `db:",json"`
	}
	type Func struct {
		ID int64
		F  func() `db:",json"`
	}
	type Where struct {
		ID int64
		X  int `db:",where=x > 0"`
	}
	type Both struct {
		ID int64
		X  int `db:",index=a,unique=b,desc"`
	}
	type Wheres struct {
		ID int64
		X  int `db:",index=a,where=x > 0"`
		Y  int `db:",index=a,where=y > 0"`
	}
	type Mixed struct {
		ID int64
		X  int `db:",index=a"`
		Y  int `db:",unique=a"`
	}
	type Checks struct {
		ID int64
		X  int `db:",check.a=x > 0,check.a=x > 1"`
	}
	type OneServer struct {
		ID int64
		X  int `db:",server.postgres=1"`
	}
	type TwoDefaults struct {
		ID int64
		X  int `db:",server=1,default=1"`
	}
	type Made struct {
		ID int64
		X  int `db:",generated=1,default=1"`
	}
	type Lazy struct {
		ID int64
		X  int64 `db:",deferrable"`
	}
	type TwoTables struct {
		ID int64
		X  int64 `db:",fk.a=users.id"`
		Y  int64 `db:",fk.a=posts.id"`
	}
	type TwoActions struct {
		ID int64
		X  int64 `db:",fk.a=users.id,ondelete=cascade"`
		Y  int64 `db:",fk.a=users.no,ondelete=restrict"`
	}
	type EnumInt struct {
		ID int64
		X  int `db:",enum=1|2"`
	}
	type EnumTwice struct {
		ID int64
		X  string `db:",enum=a|a"`
	}
	type EnumDefault struct {
		ID int64
		X  string `db:",enum=a|b,default=c"`
	}
	type Dotted struct {
		ID int64
		X  string `db:",index.a"`
	}
	type Flat struct {
		ID int64
		X  string `db:",prefix=x_"`
	}
	type FlatIndex struct {
		ID int64
		X  Place `db:",embed,index"`
	}
	type Inner struct {
		models.Model
		Name string
	}
	type FlatModel struct {
		ID int64
		X  Inner `db:",prefix=x_"`
	}
	type FlatTwice struct {
		ID   int64
		X, Y Place `db:",prefix=x_"`
	}
	for _, c := range []struct {
		register func() (string, string)
		want     string
	}{
		{mistake[NoKey], "NoKey has no key, and no table is without"},
		{mistake[Slice], "Slice.List: type []map[string]int: type map[string]int has no column type"},
		{mistake[SliceOfPointers], "SliceOfPointers.List: type []*int: an array has elements of a plain type, not *int"},
		{mistake[ArrayKey], "ArrayKey.ID can not be part of a key: []int64 is compared"},
		{mistake[OwnKey], "OwnKey.ID can not be part of a key: models_test.Price is compared"},
		{mistake[OwnRef], "OwnRef.Ref: fk=users.id: models_test.Level is compared"},
		{mistake[NoType], "NoType.P: Value of the zero models_test.MaybePrice does not tell a column type: name it with type="},
		{mistake[Chan], "Chan.C: type chan int has no column type"},
		{mistake[Pointer], "Pointer.base: an embedded pointer can not be a model's part"},
		{mistake[NullKey], "NullKey.ID is part of the key and can not be NULL"},
		{mistake[FloatKey], "FloatKey.ID can not be part of a key"},
		{mistake[KeyDefault], "KeyDefault.ID is part of the key and can not have a default"},
		{mistake[VersionText], "VersionText.V: version is for integers, this is string"},
		{mistake[VersionNull], "version is for integers, this is *int64"},
		{mistake[VersionTwice], "VersionTwice.W: VersionTwice.V is tagged version too"},
		{mistake[VersionKey], "they take no pk"},
		{mistake[SoftTime], "softdelete is for *time.Time and bool, this is time.Time"},
		{mistake[SoftTwice], "SoftTwice.A is tagged softdelete too"},
		{mistake[Later], "Later.Version (tag `db:\",orm\"`): option orm is not supported yet"},
		{mistake[Unknown], "Unknown.Name (tag `db:\",uniqe\"`): unknown option uniqe"},
		{mistake[NoValue], "NoValue.Ref (tag `db:\",fk\"`): option fk needs a value"},
		{mistake[EmptyValue], "option type has an empty value"},
		{mistake[HasValue], "option json takes no value"},
		{mistake[BadKey], "want fk=table.column"},
		{mistake[BadAction], "ondelete=explode: want cascade"},
		{mistake[LonelyAction], "belong to a foreign key"},
		{mistake[SetNull], "SetNull.Ref: fk=users.id: setnull needs a column that can be NULL"},
		{mistake[SetDefault], "setdefault needs a default"},
		{mistake[BadDefault], "BadDefault.Age: default=old: want an integer"},
		{mistake[WideDefault], "WideDefault.Age: default=1000 does not fit into int8"},
		{mistake[TimeDefault], "a column of type time.Time can not have a default yet"},
		{mistake[Quote], "a single quote is not closed"},
		{mistake[Stamp], "Stamp.At: created and updated are for time.Time"},
		{mistake[hidden], "hidden.name (tag `db:\"name\"`): the field is not exported"},
		{mistake[Twice], "Twice.A and Twice.B have the same column name"},
		{mistake[BothIDs], "BothIDs.First.ID and BothIDs.Second.ID could both be the key"},
		{mistake[Relation], "Relation.Posts (tag `rel:\"fk=AuthorID\"`): type interface {} is no relation"},
		{mistake[PP], "PP.P: a pointer to a pointer"},
		{mistake[Scan], "Scan.S: type models_test.scanning has a method Scan but no Value, and needs both"},
		{mistake[Marshal], "has a method MarshalText but no UnmarshalText"},
		{mistake[Dialect], "want type=, type.postgres= or type.sqlite="},
		{mistake[Empty], "has no size"},
		{mistake[Func], "has no JSON form"},
		{mistake[Where], "Where.X (tag `db:\",where=x > 0\"`): where, expr and desc belong to an index: add index or unique"},
		{mistake[Both], "where, expr and desc are for one of index and unique, and both stand here"},
		{mistake[Wheres], "Wheres.Y: where of a is given here and at Wheres.X, and differs"},
		{mistake[Mixed], "Mixed.Y: a is a unique constraint and an index"},
		{mistake[Checks], "Checks.X: check.a is given twice"},
		{mistake[OneServer], "server is given for one database only"},
		{mistake[TwoDefaults], "server and default, created or updated would both give the value"},
		{mistake[Made], "a generated column is made of others"},
		{mistake[Lazy], "deferrable belongs to a foreign key"},
		{mistake[TwoTables], "TwoTables.Y: fk.a refers to posts here and to users at the column x"},
		{mistake[TwoActions], "TwoActions.Y: fk.a has other actions at the column x"},
		{mistake[EnumInt], "EnumInt.X: enum is for strings, this is int"},
		{mistake[EnumTwice], "enum has \"a\" twice"},
		{mistake[EnumDefault], "EnumDefault.X: default=c is none of a, b"},
		{mistake[Dotted], "unknown option index.a"},
		{mistake[Flat], "embed and prefix are for exported structs, this is string"},
		{mistake[FlatIndex], "embed and prefix make columns of a struct's fields"},
		{mistake[FlatModel], "a struct with a models.Model of its own can not be a part of another"},
		{mistake[FlatTwice], "FlatTwice.X.Street and FlatTwice.Y.Street have the same column x_street"},
		{mistake[models.Model], "Model is for embedding"},
		{mistake[int], "int is no struct"},
		{mistake[struct{ ID int }], "has no name"},
	} {
		if _, msg := c.register(); !strings.Contains(msg, c.want) {
			t.Errorf("panic %q, want one with %q", msg, c.want)
		}
	}
	for _, f := range []func() (string, string){mistake[TwoIDs], mistake[Models2]} {
		if _, msg := f(); msg != "" {
			t.Errorf("%s, want no mistake", msg)
		}
	}
}

func TestDuplicateTableName(t *testing.T) {
	r := models.NewRegistry()
	models.RegisterIn[User](r)
	type User struct{ ID int64 }
	defer func() {
		if msg := fmt.Sprint(recover()); !strings.Contains(msg, "both have the table users") {
			t.Errorf("panic %q", msg)
		}
	}()
	models.RegisterIn[User](r)
}

func TestRegisterIsIdempotent(t *testing.T) {
	if models.RegisterIn[User](blog) != userT {
		t.Error("registering again made another prototype")
	}
}

func TestCheck(t *testing.T) {
	if err := models.Check(blog); err != nil {
		t.Errorf("%v", err)
	}
	type Pair struct {
		PA int64 `db:",fk.pair=post_tags.post_id"`
		PB int64 `db:",fk.pair=post_tags.weight"`
	}
	type Tagged struct {
		ID int64
		Pair
		A     int64  `db:",fk=nowhere.id"`
		B     int64  `db:",fk=users.nothing"`
		C     bool   `db:",fk=users.active"`
		D     string `db:",fk=users.id"`
		Email string `db:",fk=users.email"`
	}
	r := models.NewRegistry()
	models.RegisterIn[User](r)
	models.RegisterIn[PostTag](r)
	models.RegisterIn[Tagged](r)
	err := models.Check(r)
	for _, want := range []string{
		"Tagged.A (tag fk=nowhere.id): no registered struct has the table nowhere",
		"Tagged.B (tag fk=users.nothing): users has no column nothing; it has active,",
		"Tagged.C (tag fk=users.active): users.active is neither the key nor unique",
		"Tagged.Pair.PA (tag fk=post_tags.post_id): the columns post_id, weight of post_tags are together neither the key nor unique",
		"Tagged.D (tag fk=users.id): its column is text, that of User.Model.ID is int64",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want it to have %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "Email") {
		t.Errorf("%v: a unique column is a fit target", err)
	}
}

type natural struct {
	models.Model
	Code string `db:",pk"`
}

type ownID struct {
	models.Model
	ID [16]byte
}

type besideID struct {
	ID   int64
	Code string `db:",pk"`
}

type named struct {
	models.Model
	A string
}

func (named) TableName() string { return "special" }

type mixin struct{ models.Model }

type mixed struct {
	mixin
	Home struct{ Street string } `db:",json"`
	Skip string                  `db:"-"`
	URL  string                  `db:"link"`
	X, Y int                     `db:",unique=xy,index=yx"`
	Nick string                  `db:",type=varchar(20),type.postgres='numeric(10,2)'"`
}

// columns describes a table in one line.
func columns[T any]() string {
	r := models.NewRegistry()
	models.RegisterIn[T](r)
	ts := models.Tables(r)
	if len(ts) == 0 {
		return "none"
	}
	var cols []string
	for _, c := range ts[0].Columns {
		s := c.Name + " " + dialect.Postgres.Type(c.Type)
		if c.Auto {
			s += " auto"
		}
		if c.Nullable {
			s += " null"
		}
		cols = append(cols, s)
	}
	return ts[0].Name + "(" + strings.Join(cols, ", ") + ") key " + strings.Join(ts[0].Key, ", ")
}

func TestKeysAndNames(t *testing.T) {
	type HTTPServer struct{ ID uint32 }
	type Category struct {
		models.Model
		UserIDs, HTTPStatus, Address2, ParentURL string
	}
	for _, c := range []struct{ got, want string }{
		{columns[User](), "users(id bigint auto, username text, email text, full_name text null, active boolean, score double precision, settings jsonb, created_at timestamptz, updated_at timestamptz) key id"},
		{columns[PostTag](), "post_tags(post_id bigint, tag text, weight bigint) key post_id, tag"},
		{columns[natural](), "naturals(code text) key code"},
		{columns[ownID](), "own_ids(id uuid) key id"},
		{columns[besideID](), "beside_ids(id bigint, code text) key code"},
		{columns[named](), "special(id bigint auto, a text) key id"},
		{columns[HTTPServer](), "http_servers(id bigint auto) key id"},
		{columns[Category](), "categories(id bigint auto, user_ids text, http_status text, address2 text, parent_url text) key id"},
		{columns[mixin](), "none"},
		{columns[mixed](), "mixeds(id bigint auto, home jsonb, link text, x bigint, y bigint, nick numeric(10,2)) key id"},
	} {
		if c.got != c.want {
			t.Errorf("%s\nwant %s", c.got, c.want)
		}
	}
}

func TestRegistered(t *testing.T) {
	r := models.NewRegistry()
	models.RegisterIn[mixin](r)
	models.RegisterIn[User](r)
	if got := fmt.Sprint(r.Registered(false)); got != "[models_test.User]" {
		t.Error(got)
	}
	if got := fmt.Sprint(r.Registered(true)); got != "[models_test.mixin models_test.User]" {
		t.Error(got)
	}
	models.RegisterIn[Tag](r) // seen at once
	if n := len(models.Tables(r)); n != 2 {
		t.Errorf("%d tables", n)
	}
	models.Register[User]()
	if !strings.Contains(fmt.Sprint(models.Registered(false)), "models_test.User") {
		t.Error("not in the default registry")
	}
}

func TestNewFillsDefaults(t *testing.T) {
	type Defaults struct {
		ID   int64
		On   bool    `db:",default=true"`
		N    int8    `db:",default=-3"`
		F    float32 `db:",default=0.5"`
		S    string  `db:",default='a, ''b'''"`
		P    *string `db:",default=p"`
		Zero string  `db:",default="`
	}
	d, e := models.New[Defaults](), models.New[Defaults]()
	if !d.On || d.N != -3 || d.F != 0.5 || d.S != "a, 'b'" || *d.P != "p" || d.Zero != "" {
		t.Errorf("%+v", d)
	}
	if d.P == e.P {
		t.Error("two objects share the pointer of a default")
	}
}

// The table in the package comment is what the code does.
func TestTypesAreAsDocumented(t *testing.T) {
	samples := map[string]reflect.Type{
		"bool": reflect.TypeFor[bool](), "int": reflect.TypeFor[int](), "int8": reflect.TypeFor[int8](), "int16": reflect.TypeFor[int16](),
		"int32": reflect.TypeFor[int32](), "int64": reflect.TypeFor[int64](), "uint": reflect.TypeFor[uint](), "uint8": reflect.TypeFor[uint8](),
		"uint16": reflect.TypeFor[uint16](), "uint32": reflect.TypeFor[uint32](), "uint64": reflect.TypeFor[uint64](), "time.Duration": reflect.TypeFor[time.Duration](),
		"float32": reflect.TypeFor[float32](), "float64": reflect.TypeFor[float64](), "string": reflect.TypeFor[string](), "[]byte": reflect.TypeFor[[]byte](),
		"time.Time": reflect.TypeFor[time.Time](), "[16]byte": reflect.TypeFor[[16]byte](), "json.RawMessage": reflect.TypeFor[json.RawMessage](),
		"[]int32": reflect.TypeFor[[]int32](), "MarshalText": reflect.TypeFor[Level](),
		"the json option": reflect.TypeFor[map[string]int](),
	}
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^//\t(\S.*?) {2,}(\S.*?) {2,}(\S.*)$`)
	_, table, _ := strings.Cut(string(doc), "# Types")
	table, _, _ = strings.Cut(table, "# Handles")
	for _, m := range line.FindAllStringSubmatch(table, -1) {
		if m[1] == "Go" {
			continue
		}
		for name := range strings.SplitSeq(m[1], ", ") {
			typ := samples[name]
			if typ == nil {
				t.Errorf("the table has %s, this test does not", name)
				continue
			}
			delete(samples, name)
			for _, nullable := range []bool{false, true} {
				col, err := models.ColumnType(typ, name == "the json option", nullable)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				if pg, lite := dialect.Postgres.Type(col), dialect.SQLite.Type(col); pg != m[2] || lite != m[3] {
					t.Errorf("%s is %s and %s, the table says %s and %s", name, pg, lite, m[2], m[3])
				}
			}
		}
	}
	for name := range samples {
		t.Errorf("the table lacks %s", name)
	}
}
