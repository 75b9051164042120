package models_test

import (
	"context"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/internal/backend"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/internal/testleak"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

func TestMain(m *testing.M) { testleak.Main(m) }

// open opens a database for a test and creates the tables of r.
func open(t testing.TB, url string, r *models.Registry) *models.Engine {
	t.Helper()
	e, _ := openPool(t, url, r)
	if err := models.CreateTables(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	return e
}

func openPool(t testing.TB, url string, r *models.Registry) (*models.Engine, *pool.Pool) {
	t.Helper()
	c, _, err := backend.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pool.New(c, pool.Config{Size: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	e, err := models.NewEngine(p, r)
	if err != nil {
		t.Fatal(err)
	}
	return e, p
}

// both runs f on each backend, with the tables of r created.
func both(t *testing.T, r *models.Registry, f func(t *testing.T, db *models.Engine)) {
	t.Helper()
	testdb.Both(t, func(t *testing.T, url string) { f(t, open(t, url, r)) })
}

func containsText(err error, text string) bool { return strings.Contains(err.Error(), text) }

// backendOf is the name of the backend of a subtest of both.
func backendOf(t *testing.T) string { return t.Name()[strings.LastIndexByte(t.Name(), '/')+1:] }
