package main

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/models"
)

// An Account is a row of four columns.
type Account struct {
	models.Model
	Username  string
	Email     string
	CreatedAt time.Time
}

var accountT = models.Register[Account]()

// A row is an Account without Spillway, for the peers.
type row struct {
	ID        int64 `gorm:"primaryKey" bun:",pk,autoincrement"`
	Username  string
	Email     string
	CreatedAt time.Time

	bun.BaseModel `gorm:"-" bun:"table:accounts"`
}

// TableName tells GORM.
func (row) TableName() string { return "accounts" }

// accountRows is how many there are.
const accountRows = 10_000

// fillAccounts makes the accounts of a database, once.
func (w *world) fillAccounts(ctx context.Context, db *spillway.DB) error {
	if w.accounts[db] {
		return nil
	}
	w.accounts[db] = true
	var rows []*Account
	for i := range w.size(accountRows) {
		rows = append(rows, &Account{
			Username:  fmt.Sprintf("user%06d", i),
			Email:     fmt.Sprintf("user%06d@example.com", i),
			CreatedAt: time.Date(2024, 1, 1, 0, 0, i, 0, time.UTC),
		})
	}
	_, err := models.Exec(ctx, db, models.Insert(rows...))
	return err
}
