// Package driver is the seam between the engine and a database: what a
// connection must do, and nothing more. Package pool drives connections through
// it; the packages below it (postgres, sqlite, fake) implement it.
//
// # What a backend provides
//
// A [Connector] opens connections and states its [Features]. A [Conn] does five
// things: it flies a [Flight] of statements in one round trip, answers a ping,
// resets itself, tells its [Status] and closes. Everything else, such as age,
// idleness, order, timeouts, retries and counting, belongs to package pool.
//
// # Rules a backend keeps
//
//   - A connection is used by one goroutine at a time; the pool guarantees it. No
//     method needs a lock for that, and none may start work that outlives its call,
//     except what Close leaves behind within its context.
//   - [Conn.Fly] fills in Affected and Err of every statement and returns nil when
//     the connection is still usable afterwards, whatever became of the statements.
//     It returns an error only when the connection is lost or in doubt; then Status
//     answers [Broken] and every statement without an answer carries the error.
//   - Outside a transaction each statement of a flight is its own transaction: one
//     that fails leaves the others alone. Inside a transaction, or behind a statement
//     of class [Begin] in the same flight, the first error ends the transaction and
//     what follows carries an error of kind [ErrTxAborted]. A statement of class
//     [Commit] that did not commit fails; its error is never nil by accident.
//   - A statement is answered once the server has confirmed it as lasting: on
//     Postgres at the ReadyForQuery of its own Sync, since a deferred constraint or a
//     serialization failure can arrive after CommandComplete (Postgres manual,
//     "Extended Query", https://www.postgresql.org/docs/current/protocol-flow.html).
//   - Rows are handed to the statement's [Sink] while they are read. A [Row] is valid
//     until the sink returns; what its getters return is the caller's own and never
//     points into a buffer that is used again.
//   - A sink that returns an error, or panics, ends its own statement only. The rest
//     of its rows are read and dropped, and the flight goes on.
//   - When ctx ends while a statement runs, the backend stops it (a cancel request on
//     Postgres, an interrupt on SQLite), waits for the answer within its own bound,
//     and leaves the connection clean or Broken. A statement that was certainly not
//     carried out reports the cause of ctx; one that may have been reports
//     [ErrOutcomeUnknown] as well.
//   - A statement with a [Copy] is alone in its flight. A flight that has more beside it is
//     refused as a whole, as is the statement itself where [Features.Copy] is not set;
//     nothing is carried out then.
//   - Errors of the database arrive as *[Error] with the matching [Kind]; the native
//     error stays reachable by errors.As. No password and no argument value appears in
//     the text of any error.
//
// # Adding a backend
//
// Implement Connector and Conn, state honestly in Features what is missing, and run
// drivertest.Run over it: the suite tests every rule above, and for a missing feature
// it tests the refusal. Then give the URL scheme a line in package backend.
package driver
