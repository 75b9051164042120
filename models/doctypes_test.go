package models_test

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/models"
)

// Documented has a column for each type in the table of the package comment; the tag doc
// is the type's name there.
type Documented struct {
	ID       int64 `doc:"int64"`
	Bool     bool  `doc:"bool"`
	I8       int8  `doc:"int8"`
	I16      int16 `doc:"int16"`
	U8       uint8 `doc:"uint8"`
	I32      int32 `doc:"int32"`
	U16      uint16
	PU16     *uint16         `doc:"uint16"`
	Int      int             `doc:"int"`
	Uint     uint            `doc:"uint"`
	U32      uint32          `doc:"uint32"`
	U64      uint64          `doc:"uint64"`
	Duration time.Duration   `doc:"time.Duration"`
	F32      float32         `doc:"float32"`
	F64      float64         `doc:"float64"`
	PF64     *float64        `doc:"float64"`
	String   string          `doc:"string"`
	Flavour  Flavour         `doc:"string"`
	Bytes    []byte          `doc:"[]byte"`
	Time     time.Time       `doc:"time.Time"`
	UUID     [16]byte        `doc:"[16]byte"`
	Token    *Token          `doc:"[16]byte"`
	Raw      json.RawMessage `doc:"json.RawMessage"`
	JSON     map[string]int  `doc:"the json option" db:",json"`
	Ints     []int32         `doc:"[]int32"`
	Level    Level           `doc:"MarshalText"`
}

// The databases have the columns that the table in the package comment says.
func TestColumnsAreAsDocumented(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	must(t, err)
	_, text, _ := strings.Cut(string(doc), "# Types")
	text, _, _ = strings.Cut(text, "# Handles")
	want := map[string]map[string]string{"postgres": {}, "sqlite": {}}
	for _, m := range regexp.MustCompile(`(?m)^//\t(\S.*?) {2,}(\S.*?) {2,}(\S.*)$`).FindAllStringSubmatch(text, -1) {
		for name := range strings.SplitSeq(m[1], ", ") {
			want["postgres"][name], want["sqlite"][name] = m[2], m[3]
		}
	}
	if len(want["sqlite"]) < 20 {
		t.Fatalf("the table has %d types", len(want["sqlite"]))
	}
	r := models.NewRegistry()
	models.RegisterIn[Documented](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		type column struct{ Name, Type string }
		q := models.Raw[column]("SELECT name, type FROM pragma_table_info('documenteds')").ReadOnly()
		if backendOf(t) == "postgres" {
			q = models.Raw[column]("SELECT attname AS name, REPLACE(format_type(atttypid, atttypmod), 'timestamp with time zone', 'timestamptz') AS type FROM pg_attribute WHERE attrelid = 'documenteds'::regclass AND attnum > 0").ReadOnly()
		}
		rows, err := models.All(t.Context(), db, q)
		must(t, err)
		got := map[string]string{}
		for _, c := range rows {
			got[c.Name] = c.Type
		}
		seen := map[string]bool{"Go": true}
		typ := reflect.TypeFor[Documented]()
		for i := range typ.NumField() {
			f := typ.Field(i)
			name := f.Tag.Get("doc")
			if name == "" {
				continue
			}
			seen[name] = true
			var info models.ColumnInfo
			for _, c := range models.Metadata(r)[0].Columns {
				if c.Field == "Documented."+f.Name {
					info = c
				}
			}
			if w := want[backendOf(t)][name]; got[info.Name] != w {
				t.Errorf("%s is %s, the table says %s", name, got[info.Name], w)
			}
		}
		for name := range want[backendOf(t)] {
			if !seen[name] {
				t.Errorf("no column has the type %s", name)
			}
		}
	})
}
