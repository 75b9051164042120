// Package spillway is the front door of Spillway, an async data layer: plain structs are
// tables, every database call can be a future, and futures run on a bounded pool of
// workers over Postgres or SQLite. Concurrent callers make it faster, not slower.
//
//	db, err := spillway.Open(ctx, spillway.Config{URL: "sqlite:blog.db"})
//	if err != nil {
//		return err
//	}
//	defer db.Close()
//
//	s := db.Session()       // a blocking unit of work; see package models
//	as := db.AsyncSession() // the same verbs as futures; see package async
//
// A *[DB] is itself what verbs take: models.Get[User](ctx, db, 1) is a unit of its own,
// the fastest path. One DB serves a whole program; all its methods are safe for
// concurrent use.
//
// # URLs
//
//	postgres://user:password@host:5432/database   also postgresql://, and
//	                                              postgresql+asyncpg:// (the driver is ignored)
//	sqlite:app.db, sqlite:///app.db               relative to the working directory
//	sqlite:////var/lib/app.db                     absolute
//	sqlite::memory:, sqlite://                    in memory, gone with the DB
//	opfs:name                                     in a browser: a file of the page's origin
//
// SQLite takes ?synchronous=normal (default full: a commit survives a power failure),
// ?busy_timeout=5s (how long to wait for another process) and ?mode=ro. MySQL and NoSQL
// databases are refused by name.
//
// # What it leaves to others
//
// The work itself is in the packages below: pool (connections and queue), models
// (structs, queries, sessions), async (futures), metrics (Prometheus), wasm (JavaScript).
// This package reads the configuration, puts them together and takes them apart in the
// right order.
package spillway
