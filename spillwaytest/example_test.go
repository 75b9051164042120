package spillwaytest_test

import (
	"context"
	"testing"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/spillwaytest"
)

// The template is a variable of the test package; TestMain, which is not shown, is
// func TestMain(m *testing.M) { shop.Main(m) }.
func Example() {
	shop := spillwaytest.New(spillway.Config{URL: "sqlite:"}, func(ctx context.Context, db *spillway.DB) error {
		if err := db.CreateTables(ctx); err != nil {
			return err
		}
		return models.Create(ctx, db, &Product{Name: "tea"})
	})
	_ = func(t *testing.T) { // TestProducts
		t.Parallel()
		db := shop.Open(t)
		spillwaytest.Queries(t, db, 1, func() {
			if _, err := models.All(t.Context(), db, models.From(productT)); err != nil {
				t.Error(err)
			}
		})
	}
}
