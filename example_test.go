package spillway_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/models"
)

type Country struct {
	Code string `db:",pk"`
	Name string
}

var countryT = models.Register[Country]()

// A program opens its database once and closes it at the end.
func ExampleOpen() {
	ctx := context.Background()
	db, err := spillway.Open(ctx, spillway.Config{URL: "sqlite::memory:", Size: 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	fmt.Println(db.Health(ctx), db.Stats().Size)

	_, err = spillway.Open(ctx, spillway.Config{URL: "mysql://root@localhost/shop"})
	fmt.Println(err)
	// Output:
	// <nil> 4
	// spillway: MySQL is not supported: use postgres://user:password@host/database or sqlite:file.db
}

// Errors of the database have the same kinds on every backend and say what they concern.
func ExampleError() {
	ctx := context.Background()
	db, err := spillway.Open(ctx, spillway.Config{URL: "sqlite::memory:"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	if err := models.CreateTables(ctx, db); err != nil {
		fmt.Println(err)
		return
	}
	_ = models.Create(ctx, db, &Country{Code: "NO", Name: "Norway"})
	err = models.Create(ctx, db, &Country{Code: "NO", Name: "Nowhere"})
	var e *spillway.Error
	if errors.Is(err, spillway.ErrUnique) && errors.As(err, &e) {
		fmt.Println(e.Table, e.Column)
	}
	// Output: countries code
}

// An async session gives out futures; calls that were not awaited overlap.
func ExampleDB_AsyncSession() {
	ctx := context.Background()
	db, err := spillway.Open(ctx, spillway.Config{URL: "sqlite::memory:"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	if err := db.CreateTables(ctx); err != nil {
		fmt.Println(err)
		return
	}
	s := db.AsyncSession()
	defer s.Close()
	s.Add(&Country{Code: "IS", Name: "Iceland"}, &Country{Code: "NO", Name: "Norway"})
	if err := s.Commit(ctx).Wait(ctx); err != nil {
		fmt.Println(err)
		return
	}
	all := async.All(ctx, s, models.From(countryT).OrderBy(models.Asc(&countryT.Name)))
	one := async.Get[Country](ctx, s, "NO")
	countries, err := all.Await(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	norway, err := one.Await(ctx)
	fmt.Println(len(countries), norway.Name, err)
	// Output: 2 Norway <nil>
}
