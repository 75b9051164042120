package autogen_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/models/migrate/autogen"
)

type Account struct {
	models.Model
	Email string `db:",unique"`
}

type accountWithName struct {
	models.Model
	Mail string `db:",unique=uq_accounts_email,was=email"`
	Name string
}

func (accountWithName) TableName() string { return "accounts" }

type accountWithTime struct {
	models.Model
	Joined time.Time
}

func (accountWithTime) TableName() string { return "accounts" }

// folder is a place for the migrations of an example.
func folder() (dir string, remove func()) {
	dir, err := os.MkdirTemp("", "migrations")
	if err != nil {
		panic(err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }
}

func modelsOf[T any]() *models.Registry {
	r := models.NewRegistry()
	models.RegisterIn[T](r)
	return r
}

// The first migration makes everything. With Options.DB it is compared with that
// database; without one, Dialects says for which databases to write.
func ExampleInit() {
	dir, remove := folder()
	defer remove()
	r, err := autogen.Init(context.Background(), autogen.Options{
		Models: autogen.ModelsOf(modelsOf[Account]()), Dialects: []string{"sqlite"}, Dir: dir,
		Now: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(filepath.Base(r.Files[0].Path), "verified:", r.Files[0].Verified)
	fmt.Print(r.Files[0].Text)
	// Output:
	// 20260102150405_initial.sql verified: true
	// -- dialect: sqlite
	// -- tables: accounts
	// -- message: initial
	// --
	// -- * create table accounts
	//
	// -- +goose Up
	// CREATE TABLE "accounts" (
	// 	"id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	// 	"email" TEXT NOT NULL
	// );
	// CREATE UNIQUE INDEX "uq_accounts_email" ON "accounts" ("email");
	//
	// -- +goose Down
	// DROP TABLE "accounts";
}

// A renamed column keeps its values where the option was, or Options.Rename, says so.
func ExampleCreate() {
	dir, remove := folder()
	defer remove()
	ctx := context.Background()
	o := autogen.Options{Models: autogen.ModelsOf(modelsOf[Account]()), Dialects: []string{"postgres"}, Dir: dir}
	if _, err := autogen.Create(ctx, o); err != nil {
		fmt.Println(err)
		return
	}
	o.Models = autogen.ModelsOf(modelsOf[accountWithName]())
	r, err := autogen.Create(ctx, o)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Join(r.Changes, "\n"))
	_, script, _ := strings.Cut(r.Files[0].Text, "\n\n")
	fmt.Print(script)
	// Output:
	// rename column accounts.email to mail
	// add column accounts.name
	// -- +goose Up
	// ALTER TABLE "accounts" RENAME COLUMN "email" TO "mail";
	// ALTER TABLE "accounts"
	// 	ADD COLUMN "name" text NOT NULL DEFAULT '';
	// ALTER TABLE "accounts"
	// 	ALTER COLUMN "name" DROP DEFAULT;
	//
	// -- +goose Down
	// ALTER TABLE "accounts"
	// 	DROP COLUMN "name";
	// ALTER TABLE "accounts" RENAME COLUMN "mail" TO "email";
}

// What only a person can decide is asked, and nothing is written until it is answered.
func ExampleQuestionsError() {
	dir, remove := folder()
	defer remove()
	ctx := context.Background()
	o := autogen.Options{Models: autogen.ModelsOf(modelsOf[Account]()), Dialects: []string{"sqlite"}, Dir: dir}
	if _, err := autogen.Create(ctx, o); err != nil {
		fmt.Println(err)
		return
	}
	o.Models = autogen.ModelsOf(modelsOf[accountWithTime]())
	_, err := autogen.Create(ctx, o)
	var ask *autogen.QuestionsError
	if errors.As(err, &ask) {
		for _, q := range ask.Questions {
			fmt.Println(q.Kind, q.Flag)
		}
	}
	o.AllowDrop, o.Fill = true, []string{"accounts.joined=now"}
	r, err := autogen.Create(ctx, o)
	fmt.Println(strings.Join(r.Changes, ", "), err)
	// Output:
	// drop --allow-drop
	// fill --fill accounts.joined=VALUE
	// add column accounts.joined, drop column accounts.email, drop unique index uq_accounts_email on accounts <nil>
}

// Check is for continuous integration: it fails a build whose models have no migration.
func ExampleCheck() {
	dir, remove := folder()
	defer remove()
	ctx := context.Background()
	o := autogen.Options{Models: autogen.ModelsOf(modelsOf[Account]()), Dialects: []string{"sqlite"}, Dir: dir}
	if _, err := autogen.Create(ctx, o); err != nil {
		fmt.Println(err)
		return
	}
	o.Models = autogen.ModelsOf(modelsOf[accountWithName]())
	drift, err := autogen.Check(ctx, o)
	fmt.Println(strings.Join(drift.Files, "; "), err)
	// Output:
	// rename column accounts.email to mail; add column accounts.name <nil>
}
