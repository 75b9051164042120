// Package backend turns a database URL into a driver: a fixed table per platform, so
// that what a build can open is decided when it is built. It knows the forms a URL may
// have; what a connection does it leaves to the drivers.
//
// # Forms
//
//	postgres://user:password@host:5432/database?sslmode=…   also postgresql://
//	sqlite:app.db            a file, relative to the working directory
//	sqlite:///app.db         the same, as SQLAlchemy writes it
//	sqlite:////var/app.db    an absolute path
//	sqlite::memory:          in memory; also sqlite: and sqlite://
//	opfs:name                in a browser: a file of the page's origin
//
// pooler=transaction in a Postgres URL says that it leads to PgBouncer or the like in
// transaction mode; the other parameters are those of libpq and pgx.
//
// A driver behind a plus sign, as in postgresql+asyncpg, is ignored. Parameters of the
// SQLite forms: synchronous (full, extra, normal, off), busy_timeout (a duration) and
// mode (ro, rw, rwc, memory). Everything else is refused by name.
package backend
