package modeltest_test

import (
	"testing"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/modeltest"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/internal/testleak"
)

func TestMain(m *testing.M) { testleak.Main(m) }

func TestSuite(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, err := spillway.Open(t.Context(), spillway.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		modeltest.Run(t, db)
	})
}
