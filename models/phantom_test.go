package models_test

import (
	"reflect"
	"testing"

	"github.com/spillwaydb/spillway/models"
)

// What is of one type of value can not be converted to what is of another: of two generic
// types that do not use their parameter the language says that they are alike inside.
func TestTypesOfValuesAreNotConverted(t *testing.T) {
	type number int
	for _, c := range [][2]reflect.Type{
		{reflect.TypeFor[models.Expr[int]](), reflect.TypeFor[models.Expr[string]]()},
		{reflect.TypeFor[models.Expr[int]](), reflect.TypeFor[models.Expr[number]]()},
		{reflect.TypeFor[models.Expr[int]](), reflect.TypeFor[models.Expr[*int]]()},
		{reflect.TypeFor[models.Query[int]](), reflect.TypeFor[models.Query[string]]()},
		{reflect.TypeFor[models.Query[*User]](), reflect.TypeFor[models.Query[*Post]]()},
		{reflect.TypeFor[models.Branch[int]](), reflect.TypeFor[models.Branch[string]]()},
		{reflect.TypeFor[models.Switch[int]](), reflect.TypeFor[models.Switch[string]]()},
		{reflect.TypeFor[models.Conflict[int]](), reflect.TypeFor[models.Conflict[string]]()},
		{reflect.TypeFor[models.Pair[int, bool]](), reflect.TypeFor[models.Pair[int, string]]()},
		{reflect.TypeFor[models.Pair[bool, int]](), reflect.TypeFor[models.Pair[string, int]]()},
		{reflect.TypeFor[models.Triple[int, int, bool]](), reflect.TypeFor[models.Triple[int, int, string]]()},
		{reflect.TypeFor[models.HasMany[User]](), reflect.TypeFor[models.HasMany[Post]]()},
		{reflect.TypeFor[models.HasOne[User]](), reflect.TypeFor[models.HasOne[Post]]()},
		{reflect.TypeFor[models.BelongsTo[User]](), reflect.TypeFor[models.BelongsTo[Post]]()},
	} {
		if c[0].ConvertibleTo(c[1]) || c[1].ConvertibleTo(c[0]) {
			t.Errorf("a %v can be converted to a %v", c[0], c[1])
		}
		if c[0].Size() != c[1].Size() || c[0].NumField() > 1 && c[0].Field(c[0].NumField()-1).Type.Size() == 0 {
			t.Errorf("%v has %d bytes, %v %d", c[0], c[0].Size(), c[1], c[1].Size())
		}
	}
}
