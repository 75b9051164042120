package models_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/models"
)

// Page and Invoice are tables of the examples about the unit of work.
type Page struct {
	models.Model
	Title     string
	Version   int        `db:",version"`
	DeletedAt *time.Time `db:",softdelete"`
}

type Invoice struct {
	models.Model
	Customer string
	Cents    int
	Number   string
}

// BeforeInsert numbers an invoice.
func (i *Invoice) BeforeInsert(context.Context) error {
	i.Number = "2030-" + i.Customer
	return nil
}

// Validate refuses invoices about nothing.
func (i *Invoice) Validate() error {
	if i.Cents <= 0 {
		return errors.New("there is nothing to pay")
	}
	return nil
}

var (
	pageT    = models.Register[Page]()
	invoiceT = models.Register[Invoice]()
)

// An object is transient, then pending, then persistent; a session tells which, and what
// has changed in it.
func ExampleSession_State() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()
	s := db.Session()
	defer s.Close()
	show := func(p *Page) {
		state, err := s.State(ctx, p)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(state)
	}
	p := &Page{Title: "Draft"}
	show(p)
	s.Add(p)
	show(p)
	if err := s.Commit(ctx); err != nil {
		log.Fatal(err)
	}
	show(p)
	p.Title = "Final"
	changes, err := s.Changes(ctx, p)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range changes {
		fmt.Printf("%s: %v → %v\n", c.Field, c.Old, c.New)
	}
	s.Close()
	// Output:
	// transient
	// pending
	// persistent
	// Title: Draft → Final
}

// With a version column the second of two changes does not overwrite the first.
func Example_optimisticLock() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()
	p := &Page{Title: "Draft"}
	if err := models.Create(ctx, db, p); err != nil {
		log.Fatal(err)
	}
	ann, bob := db.Session(), db.Session()
	defer ann.Close()
	defer bob.Close()
	hers, err := models.Get[Page](ctx, ann, p.ID)
	if err != nil {
		log.Fatal(err)
	}
	his, err := models.Get[Page](ctx, bob, p.ID)
	if err != nil {
		log.Fatal(err)
	}
	hers.Title, his.Title = "Ann's", "Bob's"
	fmt.Println(ann.Commit(ctx))
	err = bob.Commit(ctx)
	fmt.Println(errors.Is(err, spillway.ErrStale))
	if err := bob.Refresh(ctx, his); err != nil {
		log.Fatal(err)
	}
	fmt.Println(his.Title, his.Version)
	// Output:
	// <nil>
	// true
	// Ann's 2
}

// A softdelete column marks rows; queries do not see them unless they ask.
func ExampleQuery_WithDeleted() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()
	s := db.Session()
	defer s.Close()
	p := &Page{Title: "Old"}
	s.Add(p, &Page{Title: "New"})
	if err := s.Flush(ctx); err != nil {
		log.Fatal(err)
	}
	s.Delete(p)
	if err := s.Commit(ctx); err != nil {
		log.Fatal(err)
	}
	for _, q := range []models.Query[*Page]{models.From(pageT), models.From(pageT).WithDeleted()} {
		n, err := models.Count(ctx, db, q)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(n)
	}
	s.Add(p) // bring it back
	p.DeletedAt = nil
	if err := s.Commit(ctx); err != nil {
		log.Fatal(err)
	}
	n, err := models.Count(ctx, db, models.From(pageT))
	fmt.Println(n, err)
	// Output:
	// 1
	// 2
	// 2 <nil>
}

// Methods with the names of hooks are called when an object is written.
func Example_hooks() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()
	s := db.Session()
	defer s.Close()
	i := &Invoice{Customer: "ada"}
	s.Add(i)
	err := s.Commit(ctx)
	fmt.Println(errors.Is(err, models.ErrInvalid), err)
	i.Cents = 100
	fmt.Println(s.Commit(ctx), i.Number)
	n, err := models.Count(ctx, db, models.From(invoiceT))
	fmt.Println(n, err)
	// Output:
	// true models: this models_test.Invoice is not valid: there is nothing to pay
	// <nil> 2030-ada
	// 1 <nil>
}

// Merge takes over what came from outside, such as from JSON.
func ExampleMerge() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()
	s := db.Session()
	defer s.Close()
	p := &Page{Title: "Draft"}
	s.Add(p)
	if err := s.Commit(ctx); err != nil {
		log.Fatal(err)
	}
	fromOutside := &Page{Model: models.Model{ID: p.ID}, Title: "Final"}
	got, err := models.Merge(ctx, s, fromOutside)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(got == p, p.Title)
	fmt.Println(s.Commit(ctx), p.Version)
	// Output:
	// true Final
	// <nil> 2
}

// Nested may fail without the transaction around it.
func ExampleSession_Nested() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()
	s := db.Session()
	defer s.Close()
	s.Add(&Author{Name: "Lem"})
	err := s.Nested(ctx, func(ctx context.Context, in *models.Session) error {
		in.Add(&Author{Name: "Tolkien"}) // there is one
		return in.Flush(ctx)
	})
	fmt.Println(errors.Is(err, spillway.ErrUnique))
	fmt.Println(s.Commit(ctx))
	n, err := models.Count(ctx, db, models.From(authorT))
	fmt.Println(n, err)
	// Output:
	// true
	// <nil>
	// 3 <nil>
}

// InTx repeats its function when the database says that this helps.
func ExampleTxOptions() {
	ctx := context.Background()
	db := library(ctx)
	defer db.Close()
	err := db.InTx(ctx, models.TxOptions{Isolation: models.Serializable, Attempts: 3}, func(ctx context.Context, s *models.Session) error {
		book, err := models.First(ctx, s, models.From(bookT).OrderBy(models.Asc(&bookT.Title)))
		if err != nil {
			return err
		}
		book.Copies--
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	book, err := models.First(ctx, db, models.From(bookT).OrderBy(models.Asc(&bookT.Title)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(book.Title, book.Copies)
	// Output: The Dispossessed 1
}
