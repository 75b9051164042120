// Package postgres is the backend for PostgreSQL 12 and newer, over pgxpool.
//
// pgxpool opens connections: it knows URLs, passwords and service files, TLS, several
// hosts and target_session_attrs. Its own ideas about size, age, idleness and pings are
// switched off, because package pool has them. Everything set by hand in a
// *pgxpool.Config besides those, such as BeforeConnect, AfterConnect, BeforeClose or
// OnNotice, works as its documentation says.
//
// # A flight on the wire
//
// The package speaks the extended query protocol itself on the open connection, with
// pgproto3 for the answers. pgconn.Pipeline would nearly do, but it closes a canceled
// connection in a goroutine that lives up to 15 seconds longer, keeps its requests in
// linked lists, and loses the connection to a stray COPY.
//
// Outside a transaction each statement has its own Sync, so each is a transaction of its
// own. A run from Begin to Commit shares one Sync; Savepoint and Rollback have one
// before them, so that they are carried out also behind an error. A statement is
// answered at the ReadyForQuery of its Sync and never before: a deferred constraint
// speaks up only there.
//
// # Prepared statements
//
// A text that is new to the connector goes out unnamed, with arguments and results in
// text form, which need no knowledge of types; the answer brings the description along.
// A text seen before is prepared under a name on the connection that meets it, in the
// same flight as its first use there, since the connector remembers descriptions for
// all its connections. From then on it is only bound. So every flight is one round
// trip, and statements used once do not fill the cache. A connection keeps the 512
// statements used last; what falls out is closed with the next flight. DDL is never
// prepared.
//
// A table that changed makes the server refuse an old plan, or an old type: outside a
// transaction the statement is then sent once more, unnamed. It failed before, so it had
// no effect. Inside a transaction the error stands.
//
// # Poolers
//
// Behind a pooler that lends the server's connections for one transaction at a time
// (SetTransactionPooler) nothing is prepared under a name: a text that is known goes out
// with its types, to be parsed each time. With the first connection a probe sends five
// statements at once; if they are not answered right within ProbeTimeout (2 s), a warning
// is logged and from then on every statement waits for the answer to the one before.
//
// # Values
//
// An argument whose kind and type have a binary form of the same meaning is sent in
// binary; everything else goes as text, exactly as in the first run, and the server
// converts it as it does a literal. Bytes go to a column that is not bytea as hex text.
// Results are binary for booleans, integers, floats, bytea, times and UUIDs, and text
// for the rest. An infinite timestamp can not be a time.Time: reading it is ErrDecode.
//
// # Cancellation
//
// When the context ends, the connection gets CancelGrace (5 ms) to finish, then the
// server is asked to stop what runs, again and again until all statements are answered
// or DrainTimeout (1 s) has passed. A statement that the server stopped was certainly
// not carried out. Before the connection is used again, an empty statement takes the
// cancel that may have come too late. Without an answer the connection is broken, and
// writes that may have happened say ErrOutcomeUnknown.
//
// # TLS
//
// sslmode is what pgx makes of it; like libpq it defaults to "prefer", which falls back
// to plain text. Over a network that is not trusted say sslmode=verify-full.
//
// # Limits
//
// COPY is refused, because its data would not fit between the answers of a flight.
package postgres
