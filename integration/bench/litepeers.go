package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"

	_ "github.com/mattn/go-sqlite3"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	_ "modernc.org/sqlite"
)

// A litePeer is a driver of database/sql for SQLite.
type litePeer struct {
	name, driver string
	// pragmas makes the parameters of a URI that set pragmas on each connection.
	pragmas func(ps ...[2]string) url.Values
}

// litePeers are all that are built in: see litepeers_ncruces.go.
var litePeers = []litePeer{
	{"mattn", "sqlite3", func(ps ...[2]string) url.Values {
		v := url.Values{"_txlock": {"immediate"}}
		for _, p := range ps {
			v.Set("_"+p[0], p[1])
		}
		return v
	}},
	{"modernc", "sqlite", calledPragmas},
}

// calledPragmas writes pragmas as modernc and ncruces want them.
func calledPragmas(ps ...[2]string) url.Values {
	v := url.Values{"_txlock": {"immediate"}}
	for _, p := range ps {
		v.Add("_pragma", p[0]+"("+p[1]+")")
	}
	return v
}

// open opens a file with the settings that Spillway has: WAL, every commit synced,
// foreign keys checked. n is the number of connections, all of which are kept.
func (p litePeer) open(w *world, file string, n int) (*sql.DB, error) {
	v := p.pragmas(
		[2]string{"busy_timeout", "10000"}, [2]string{"journal_mode", "WAL"},
		[2]string{"synchronous", "FULL"}, [2]string{"foreign_keys", "1"},
	)
	db, err := sql.Open(p.driver, "file:"+filepath.ToSlash(file)+"?"+v.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	w.onClose(func() { _ = db.Close() })
	for _, want := range [...][2]string{{"journal_mode", "wal"}, {"synchronous", "2"}, {"foreign_keys", "1"}} {
		var got string
		if err := db.QueryRow("PRAGMA " + want[0]).Scan(&got); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		if got != want[1] {
			return nil, fmt.Errorf("%s: %s is %s, want %s", p.name, want[0], got, want[1])
		}
	}
	return db, nil
}

// fastest is the driver under GORM and bun: mattn, which is C, was the fastest of the
// three at reading and at writing.
func fastest() litePeer { return litePeers[0] }

// liteGorm opens GORM on a file.
func (w *world) liteGorm(file string) (*gorm.DB, error) {
	db, err := fastest().open(w, file, 4)
	if err != nil {
		return nil, err
	}
	return gorm.Open(sqlite.New(sqlite.Config{Conn: db}), &gorm.Config{
		Logger: logger.Discard, SkipDefaultTransaction: true, PrepareStmt: true,
	})
}

// liteBun opens bun on a file.
func (w *world) liteBun(file string) (*bun.DB, error) {
	db, err := fastest().open(w, file, 4)
	if err != nil {
		return nil, err
	}
	return bun.NewDB(db, sqlitedialect.New()), nil
}

// liteRows makes the accounts that are read, once, and returns how many there are.
func (w *world) liteRows(ctx context.Context) (int, error) {
	if err := w.lite(ctx); err != nil {
		return 0, err
	}
	return w.size(accountRows), w.fillAccounts(ctx, w.sqlite)
}
