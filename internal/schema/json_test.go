package schema_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/internal/schema"
)

func TestDecodeReadsWhatEncodeWrites(t *testing.T) {
	want := []*schema.Table{{
		Name: "t", Key: []string{"id"}, Model: "app.T",
		Columns: []*schema.Column{
			{Name: "id", Type: schema.Type{Kind: schema.Int64}, Auto: true, Field: "T.ID"},
			{Name: "tags", Type: schema.Type{Kind: schema.Array, Elem: schema.Text, SQL: schema.PerBackend{"sqlite": "JSON TEXT"}}, Nullable: true, Was: "labels"},
			{Name: "n", Type: schema.Type{Kind: schema.Int32}, Default: &schema.Literal{Kind: schema.Int32, Text: "7"}},
			{Name: "at", Type: schema.Type{Kind: schema.Time}, Server: schema.PerBackend{"": "now()"}},
			{Name: "d", Type: schema.Type{Kind: schema.Int64}, Generated: schema.PerBackend{"": "n * 2"}},
		},
		Uniques: []schema.Unique{{Name: "uq", Columns: []string{"n"}}},
		Checks:  []schema.Check{{Name: "ck", Expr: "n > 0"}},
		Indexes: []schema.Index{{Name: "ix", Terms: []schema.Term{{Column: "n", Desc: true}, {Expr: "lower(x)"}}, Unique: true, Where: "n < 9"}},
		ForeignKeys: []schema.ForeignKey{{
			Name: "fk", Columns: []string{"n"}, RefTable: "u", RefColumns: []string{"id"},
			OnDelete: schema.Cascade, OnUpdate: schema.SetNull, Deferrable: true,
		}},
	}}
	b, err := schema.Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := schema.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("another schema came back:\n%s", b)
	}
	for _, bad := range []string{`{"version": 2, "tables": []}`, `{"tables": []}`, `{"version": 1, "tables": [{"columns": [{"type": {"kind": "blue"}}]}]}`, `[`} {
		if _, err := schema.Decode([]byte(bad)); err == nil || !strings.HasPrefix(err.Error(), "schema: ") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
