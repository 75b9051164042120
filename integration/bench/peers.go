package main

import (
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// gorm opens GORM over pgx, which prepares and caches its statements, without the
// transaction that GORM puts around single writes.
func (w *world) gorm() (*gorm.DB, error) {
	sql := stdlib.OpenDBFromPool(w.pgx)
	w.onClose(func() { _ = sql.Close() })
	return gorm.Open(postgres.New(postgres.Config{Conn: sql}), &gorm.Config{
		Logger: logger.Discard, SkipDefaultTransaction: true,
	})
}

// bun opens bun over pgx.
func (w *world) bun() (*bun.DB, error) {
	sql := stdlib.OpenDBFromPool(w.pgx)
	w.onClose(func() { _ = sql.Close() })
	return bun.NewDB(sql, pgdialect.New()), nil
}
