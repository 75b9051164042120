package main

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/models"
)

// liteGuests is how many goroutines write, or read, at the same time.
const liteGuests = 64

// liteWrite inserts single rows from 64 goroutines, each row a commit of its own that is
// on the disk when it is answered.
func liteWrite(ctx context.Context, w *world) (*contest, error) {
	if err := w.lite(ctx); err != nil {
		return nil, err
	}
	dir := filepath.Dir(w.file)
	c := &contest{}

	// Every side has a file of its own, so that all begin alike.
	create, err := w.ourInserts(ctx, c, "Create", func(ctx context.Context, db *spillway.DB, a *Account) error {
		return models.Create(ctx, db, a)
	})
	if err != nil {
		return nil, err
	}
	session, err := w.ourInserts(ctx, c, "Session.Commit", func(ctx context.Context, db *spillway.DB, a *Account) error {
		s := db.Session()
		defer s.Close()
		s.Add(a)
		return s.Commit(ctx)
	})
	if err != nil {
		return nil, err
	}
	var peers []*side
	for _, p := range litePeers {
		peer, err := w.inserts(ctx, c, p, filepath.Join(dir, "write-"+p.name+".db"))
		if err != nil {
			return nil, err
		}
		peers = append(peers, peer)
	}
	c.pair("sqlite/write-64", create, peers[0], 18, peers[1:]...)
	c.pair("sqlite/write-64/session", session, peers[0], 9, peers[1:]...)
	return c, nil
}

var writtenAt = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// ourInserts adds a side of ours that inserts. When all is over, its file has to hold the
// rows that were acknowledged in the last turn.
func (w *world) ourInserts(ctx context.Context, c *contest, name string, insert func(context.Context, *spillway.DB, *Account) error) (*side, error) {
	db, err := w.open(ctx, "sqlite:"+filepath.ToSlash(filepath.Join(filepath.Dir(w.file), "write-"+name+".db")))
	if err != nil {
		return nil, err
	}
	if err := db.CreateTables(ctx); err != nil {
		return nil, err
	}
	var acknowledged atomic.Int64
	s := c.crowd(name, liteGuests, func(ctx context.Context, _ *guest) error {
		a := &Account{Username: "user", Email: "user@example.com", CreatedAt: writtenAt}
		if err := insert(ctx, db, a); err != nil {
			return err
		}
		acknowledged.Add(1)
		if a.ID == 0 {
			return errWrong
		}
		return nil
	})
	s.before = func(ctx context.Context) error {
		acknowledged.Store(0)
		return emptyAccounts(ctx, db)
	}
	c.after(func(ctx context.Context) error {
		n, err := models.Count(ctx, db, models.From(accountT))
		if err == nil && int64(n) != acknowledged.Load() {
			err = errLost
		}
		return err
	})
	return s, nil
}

// inserts adds a peer that inserts.
func (w *world) inserts(ctx context.Context, c *contest, p litePeer, file string) (*side, error) {
	if err := makeTables(ctx, file); err != nil {
		return nil, err
	}
	// One connection: several wait for each other in the busy handler, which sleeps.
	db, err := p.open(w, file, 1)
	if err != nil {
		return nil, err
	}
	st, err := db.PrepareContext(ctx, "INSERT INTO accounts (username, email, created_at) VALUES (?, ?, ?)")
	if err != nil {
		return nil, err
	}
	w.onClose(func() { _ = st.Close() })
	s := c.crowd(p.name, liteGuests, func(ctx context.Context, _ *guest) error {
		r, err := st.ExecContext(ctx, "user", "user@example.com", writtenAt)
		if err != nil {
			return err
		}
		id, err := r.LastInsertId()
		if id == 0 && err == nil {
			err = errWrong
		}
		return err
	})
	s.before = func(ctx context.Context) error {
		if _, err := db.ExecContext(ctx, "DELETE FROM accounts"); err != nil {
			return err
		}
		return checkpoint(ctx, db)
	}
	return s, nil
}

// emptyAccounts takes the rows of the last turn away, and the log of it.
func emptyAccounts(ctx context.Context, db *spillway.DB) error {
	if _, err := models.Exec(ctx, db, models.Delete(accountT).Where(models.Gt(&accountT.ID, 0))); err != nil {
		return err
	}
	_, err := models.Exec(ctx, db, models.Raw[models.Tuple]("PRAGMA wal_checkpoint(TRUNCATE)"))
	return err
}

// checkpoint does the same for a peer.
func checkpoint(ctx context.Context, db *sql.DB) error {
	var a, b, c int
	return db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&a, &b, &c)
}

// makeTables makes the tables in a file.
func makeTables(ctx context.Context, file string) error {
	db, err := spillway.Open(ctx, spillway.Config{URL: "sqlite:" + filepath.ToSlash(file)})
	if err != nil {
		return err
	}
	if err := db.CreateTables(ctx); err != nil {
		return err
	}
	return db.Close()
}
