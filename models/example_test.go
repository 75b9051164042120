package models_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/models"
)

// Author and Book are the tables of the examples.
type Author struct {
	models.Model
	Name string `db:",unique"`
	Born *int
}

type Book struct {
	models.Model
	Title    string
	Copies   int   `db:",default=1"`
	AuthorID int64 `db:",fk=authors.id,ondelete=cascade,index"`
}

var (
	authorT = models.Register[Author]()
	bookT   = models.Register[Book]()
)

// library opens a database in memory with two authors and three books.
func library(ctx context.Context) *spillway.DB {
	db, err := spillway.Open(ctx, spillway.Config{URL: "sqlite::memory:"})
	if err != nil {
		log.Fatal(err)
	}
	if err := models.CreateTables(ctx, db); err != nil {
		log.Fatal(err)
	}
	born := 1892
	tolkien, le := &Author{Name: "Tolkien", Born: &born}, &Author{Name: "Le Guin"}
	if _, err := models.Exec(ctx, db, models.Insert(tolkien, le)); err != nil {
		log.Fatal(err)
	}
	if _, err := models.Exec(ctx, db, models.Insert(
		&Book{Title: "The Hobbit", Copies: 3, AuthorID: tolkien.ID},
		&Book{Title: "The Silmarillion", Copies: 1, AuthorID: tolkien.ID},
		&Book{Title: "The Dispossessed", Copies: 2, AuthorID: le.ID},
	)); err != nil {
		log.Fatal(err)
	}
	return db
}

// A session gives out one object per row, notices changes and writes them with Commit.
func ExampleSession() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()

	s := db.Session()
	defer s.Close() // without Commit: rollback
	le, err := models.One(ctx, s, models.From(authorT).Where(models.Eq(&authorT.Name, "Le Guin")))
	if err != nil {
		log.Fatal(err)
	}
	born := 1929
	le.Born = &born
	book := &Book{Title: "Always Coming Home", AuthorID: le.ID}
	s.Add(book)
	if err := s.Commit(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("key of the new book:", book.ID)

	again, err := models.Get[Author](ctx, s, le.ID)
	fmt.Println("the same object:", again == le, err)

	s.Delete(book)
	if err := s.Flush(ctx); err != nil {
		log.Fatal(err)
	}
	if err := s.Rollback(ctx); err != nil {
		log.Fatal(err)
	}
	n, err := models.Count(ctx, db, models.From(bookT))
	fmt.Println("books:", n, err)
	// Output:
	// key of the new book: 4
	// the same object: true <nil>
	// books: 4 <nil>
}

// Conditions name columns by the address of a prototype's field.
func ExampleFrom() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()

	q := models.From(bookT).
		Where(models.Or(models.Ge(&bookT.Copies, 3), models.HasSuffix(&bookT.Title, "sed"))).
		OrderBy(models.Asc(&bookT.Title)).Limit(10)
	books, err := models.All(ctx, db, q)
	if err != nil {
		log.Fatal(err)
	}
	for _, b := range books {
		fmt.Println(b.Title, b.Copies)
	}
	young, err := models.Count(ctx, db, models.From(authorT).Where(models.Gt(models.Opt(&authorT.Born), 1900)))
	fmt.Println("born after 1900:", young, err)
	// Output:
	// The Dispossessed 2
	// The Hobbit 3
	// born after 1900: 0 <nil>
}

// Join without a condition follows the only foreign key between the tables.
func ExampleSelect3() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()

	rows, err := models.All(ctx, db, models.
		Select3(models.Col(&authorT.Name), models.CountOf(&bookT.ID), models.Sum(&bookT.Copies)).
		Join(bookT).GroupBy(&authorT.Name).
		OrderBy(models.CountOf(&bookT.ID).Desc()).Limit(5))
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range rows {
		fmt.Printf("%s: %d books, %d copies\n", r.A, r.B, r.C)
	}
	// Output:
	// Tolkien: 2 books, 4 copies
	// Le Guin: 1 books, 2 copies
}

func ExampleGet() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()

	a, err := models.Get[Author](ctx, db, 1)
	fmt.Println(a.Name, err)
	_, err = models.Get[Author](ctx, db, 99)
	fmt.Println(errors.Is(err, models.ErrNotFound))
	// Output:
	// Tolkien <nil>
	// true
}

// Parameters are written :name, and a slice is a list.
func ExampleRaw() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()

	type stock struct {
		Title  string
		Copies int
	}
	rows, err := models.All(ctx, db, models.Raw[stock](
		"SELECT title, copies FROM books WHERE id IN :ids AND copies > :min ORDER BY title",
		models.Args{"ids": []int{1, 2, 3}, "min": 1}).ReadOnly())
	fmt.Println(rows, err)
	tuples, err := models.All(ctx, db, models.Raw[models.Tuple]("SELECT name, born FROM authors ORDER BY id"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tuples[0].Names, tuples[0].Values, tuples[1].Values)
	// Output:
	// [{The Dispossessed 2} {The Hobbit 3}] <nil>
	// [name born] [Tolkien 1892] [Le Guin <nil>]
}

func ExampleUpdate() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()

	n, err := models.Exec(ctx, db, models.Update(bookT).
		Set(models.To(&bookT.Copies, 0)).
		Where(models.Contains(&bookT.Title, "The ")))
	fmt.Println(n, err)
	_, err = models.Exec(ctx, db, models.Delete(bookT))
	fmt.Println(err)
	// Output:
	// 3 <nil>
	// models: an Update or Delete without Where would hit every row: add Where, or Everywhere if that is meant
}

// New fills in the defaults of the tags; a literal is inserted as it stands.
func ExampleNew() {
	fmt.Println(models.New[Book]().Copies, (&Book{}).Copies)
	// Output: 1 0
}
