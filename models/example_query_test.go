package models_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"slices"
	"strings"

	"github.com/spillwaydb/spillway/models"
)

// Conditions are functions of a column's address and a value of its type.
func ExampleQuery_Where() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()
	q := models.From(bookT).Where(
		models.Contains(&bookT.Title, "The"),
		models.Or(models.Between(&bookT.Copies, 2, 3), models.In(&bookT.Title, "Emma", "Persuasion")),
		models.Not(models.HasSuffix(&bookT.Title, "Hobbit")),
	)
	books, err := models.All(ctx, db, q)
	if err != nil {
		log.Fatal(err)
	}
	for _, b := range books {
		fmt.Println(b.Title, b.Copies)
	}
	// Output: The Dispossessed 2
}

// Aggregates are expressions; Filter makes one look at some rows only.
func ExampleExpr_Filter() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()
	row, err := models.One(ctx, db, models.Select3(
		models.CountRows(),
		models.Coalesce(models.Sum(&bookT.Copies), 0),
		models.CountRows().Filter(models.Gt(&bookT.Copies, 1)),
	).From(bookT))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d books, %d copies, %d of several copies\n", row.A, row.B, row.C)
	// Output: 3 books, 6 copies, 2 of several copies
}

// A query can be a condition of another.
func ExampleExistsIn() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()
	rich := models.From(bookT).Where(models.EqCol(&bookT.AuthorID, &authorT.ID), models.Ge(&bookT.Copies, 3))
	authors, err := models.All(ctx, db, models.From(authorT).Where(models.ExistsIn(rich)))
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range authors {
		fmt.Println(a.Name)
	}
	// Output: Tolkien
}

// Stock is a row of a query that has a name.
type Stock struct {
	AuthorID int64
	Copies   int64
}

var stockT = models.Derived[Stock]("stock")

// A common table expression is a query with a name, which others select from.
func ExampleQuery_WithCTE() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()
	stock := models.Derive(stockT, models.SelectAs[Stock](&bookT.AuthorID, models.Cast[int64](models.Sum(&bookT.Copies)).As("copies")).GroupBy(&bookT.AuthorID))
	rows, err := models.All(ctx, db, models.Select2(models.Col(&authorT.Name), models.Col(&stockT.Copies)).
		WithCTE(stock).Join(stockT, models.EqCol(&stockT.AuthorID, &authorT.ID)).OrderBy(models.Desc(&stockT.Copies)))
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range rows {
		fmt.Println(r.A, r.B)
	}
	// Output:
	// Tolkien 4
	// Le Guin 2
}

// A window function looks at the rows around each row.
func ExampleExpr_Over() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()
	byAuthor := models.PartitionBy(&bookT.AuthorID).OrderBy(models.Desc(&bookT.Copies))
	rows, err := models.All(ctx, db, models.Select2(models.Col(&bookT.Title), models.RowNumber().Over(byAuthor)).OrderBy(models.Asc(&bookT.ID)))
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range rows {
		fmt.Println(r.B, r.A)
	}
	// Output:
	// 1 The Hobbit
	// 2 The Silmarillion
	// 1 The Dispossessed
}

// An upsert inserts what is missing and changes what is there.
func ExampleConflict_DoUpdate() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()
	born := 1929
	_, err := models.Exec(ctx, db, models.Insert(&Author{Name: "Le Guin", Born: &born}, &Author{Name: "Austen"}).
		OnConflict(&authorT.Name).DoUpdate(models.ToExpr(&authorT.Born, models.Excluded(&authorT.Born))))
	if err != nil {
		log.Fatal(err)
	}
	authors, err := models.All(ctx, db, models.From(authorT).OrderBy(models.Asc(&authorT.ID)))
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range authors {
		fmt.Println(a.Name, a.Born != nil)
	}
	// Output:
	// Tolkien true
	// Le Guin true
	// Austen false
}

// Each reads any number of rows with the memory of a few.
func ExampleEach() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()
	for b, err := range models.Each(ctx, db, models.From(bookT).OrderBy(models.Asc(&bookT.Title)).Chunk(2)) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(b.Title)
	}
	// Output:
	// The Dispossessed
	// The Hobbit
	// The Silmarillion
}

// BulkInsert takes rows from any sequence.
func ExampleBulkInsert() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()
	var books []*Book
	for line := range strings.SplitSeq("Emma,Persuasion,Lady Susan", ",") {
		books = append(books, &Book{Title: line, Copies: 1, AuthorID: 1})
	}
	n, err := models.BulkInsert(ctx, db, slices.Values(books))
	if err != nil {
		log.Fatal(err)
	}
	total, err := models.CountAll[Book](ctx, db)
	fmt.Println(n, total, err)
	// Output: 3 6 <nil>
}

// Set takes what a form holds, Dict gives back what an object is.
func ExampleSet() {
	b := &Book{Title: "Emma"}
	err := models.Set(b, models.Vals{"title": "Emma, 2nd edition", "copies": "4"})
	text, _ := json.Marshal(models.Dict(b))
	fmt.Println(string(text), err)
	fmt.Println(models.Set(b, models.Vals{"copies": "many", "price": 3}))
	// Output:
	// {"author_id":0,"copies":4,"id":0,"title":"Emma, 2nd edition"} <nil>
	// models: Set: Book.Copies: want an integer that fits into int
	// models: Set: models_test.Book has no column price; it has author_id, copies, id, title
}

// Metadata lists the tables as they are registered.
func ExampleMetadata() {
	r := models.NewRegistry()
	models.RegisterIn[Book](r)
	models.RegisterIn[Author](r)
	for _, t := range models.Metadata(r) {
		for _, c := range t.Columns {
			fmt.Println(t.Name, c.Name, c.Type(models.Postgres))
		}
		for _, k := range t.ForeignKeys {
			fmt.Println(k.Columns, "→", k.RefTable, k.RefColumns)
		}
	}
	// Output:
	// authors id bigint
	// authors name text
	// authors born bigint
	// books id bigint
	// books title text
	// books copies bigint
	// books author_id bigint
	// [author_id] → authors [id]
}

// SQL shows what a database gets.
func ExampleQuery_SQL() {
	q := models.From(bookT).Where(models.ILike(&bookT.Title, "the %")).Limit(5)
	for _, d := range []models.Dialect{models.Postgres, models.SQLite} {
		text, args, err := models.Select1(models.Col(&bookT.Title)).Where(models.InQuery(&bookT.ID, models.Select1(models.Col(&bookT.ID)))).SQL(d)
		fmt.Println(text, len(args), err)
	}
	_, args, _ := q.SQL(models.SQLite)
	fmt.Println(args)
	// Output:
	// SELECT "title" FROM "books" WHERE "id" IN (SELECT "books"."id" FROM "books") 0 <nil>
	// SELECT "title" FROM "books" WHERE "id" IN (SELECT "books"."id" FROM "books") 0 <nil>
	// [the %]
}
