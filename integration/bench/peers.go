package main

import (
	"database/sql"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// sql opens database/sql over pgx.
func (w *world) sql() *sql.DB {
	db := stdlib.OpenDBFromPool(w.pgx)
	w.onClose(func() { _ = db.Close() })
	return db
}

// gorm opens GORM over pgx, which prepares and caches its statements, without the
// transaction that GORM puts around single writes.
func (w *world) gorm() (*gorm.DB, error) {
	return gorm.Open(postgres.New(postgres.Config{Conn: w.sql()}), &gorm.Config{
		Logger: logger.Discard, SkipDefaultTransaction: true,
	})
}

// bun opens bun over pgx.
func (w *world) bun() (*bun.DB, error) {
	return bun.NewDB(w.sql(), pgdialect.New()), nil
}
