// Package pool is the engine of Spillway: a bounded set of workers, each with one
// connection, that carry out operations from one queue.
//
//	p, err := pool.New(connector, pool.Config{Size: 10, Overflow: 20})
//	...
//	err = p.Do(ctx, &op)        // blocking
//	p.Submit(ctx, &op, resolver) // resolver learns the end
//
// It knows nothing of models or futures: those are built on it. What a connection does it
// leaves to a driver. Most programs meet it only as fields of spillway.Config, in
// [Stats], and in errors.
//
// # Words
//
// An operation ([Op]) is a flight of statements of one owner: they go out in one round
// trip. A worker is a slot of the pool: one connection and the goroutine that drives it.
// A lease ([Lease]) is a worker's connection held by one owner, for a transaction or a
// stream. A crew is the workers that share a queue: all of them, or on SQLite the one
// writer and beside it the readers. A lane is a way in which operations of different
// callers share a flight.
//
// # Size, overflow, timeout, recycle
//
// The four settings mean what they mean in SQLAlchemy
// (https://docs.sqlalchemy.org/en/21/core/pooling.html). Size connections are kept, once
// work has made them necessary. Up to Overflow more are opened under load, and closed
// when they come back and nobody waits. An operation that does not start within Timeout
// fails with [ErrTimeout]. A connection older than Recycle is replaced before it is given
// work or when it comes back; one in use is never killed.
//
//	connections
//	  30 ┤              ╭────╮            Size + Overflow: the rest waits, until Timeout
//	     │             ╱      ╲
//	  10 ┤    ╭───────╯        ╰───────   Size: kept while idle
//	     │   ╱
//	   0 ┼──╯
//	       start    burst of long work
//
// # Work waits, not connections
//
// A caller never waits for a particular connection. Its operation waits in the queue, and
// whichever worker is free first takes it; a connection being opened serves whoever is
// next when it is ready. So a burst of short statements on a few idle connections is
// served by those, in their time, not in the time of a connect. Connections are opened
// only as far as the queue would still be there when they are ready: what an operation
// takes and what connecting takes are moving averages, and statements that run long are
// noticed while they run (crew.useful has the rule). Long work does grow the pool to its
// limit.
//
// # Lanes
//
// On a backend with a round trip operations of different callers that wait at the same
// moment share what each would pay for alone. An operation says by [Op.Share] that it
// may; its [Shape] remembers what became of others of its kind.
//
//	exclusive   everything without Share: raw SQL, transactions, streams, COPY, whatever
//	            has a setting of its own. Alone on a connection.
//	read        SELECTs of the query builder. Those that wait go out in one round trip as
//	            BEGIN … READ ONLY, a short lock_timeout, the statements, COMMIT.
//	by key      in the read lane: lookups of one kind, and loads of one relation by its
//	            foreign key, become one "= ANY($1)"; each caller reads the rows of its
//	            keys for itself, in the order of its statement, so nothing is shared.
//	write       small writes by key share a transaction and its commit, and so do
//	            transactions of nothing but INSERTs of a few rows that go out as one.
//
// There is no timer and no writer for all: a flight is what queued while the workers
// were busy. A worker takes more than one operation only when no connection is idle, so
// a lone caller pays nothing. Writes are the exception, since what costs is the commit:
// beside a group, or four writes in flights of their own, the others wait for the next
// group. Reasons and rules:
//
//   - What a caller is told is what its operation would have told it alone. An error ends
//     the one that it belongs to, and only after that was sent alone: within a flight it
//     might be somebody else's doing. The others are sent again together, up to three
//     times, then one by one. Reads that were answered before the error keep their
//     answers, which are sound in a transaction that only reads and is READ COMMITTED; of
//     writes nothing was kept, so nothing happens twice.
//   - What waits in vain for a lock (a migration has the table, a transaction the row) is
//     sent alone, and for a second what wants the same: reads of its shape, writes of its
//     table or row. The others of the flight wait for the lock_timeout once. Those that
//     wait alone have at most half of the connections; the rest of them stays in the queue.
//   - A lookup is answered by a statement that started after it was submitted. Its keys are
//     its only argument: one with a filter or a limit of its own goes as it is. A statement
//     for several callers asks for 1024 keys at most; if it fails, they are asked for one
//     by one.
//   - Only keys merge that are equal exactly if their bytes are: integers, UUIDs, bytes, and
//     texts of the types text and varchar in a deterministic collation. Of texts the
//     database is asked, as it is about the tables of writes; citext, char(n) and other
//     collations go as they are.
//   - A context that ends takes its operation out of a flight at once, without the
//     answer; a write says "outcome unknown" then. The flight goes on: no cancel request
//     is made that could hit a neighbour, nor is a deadline sent along. Only a flight of
//     reads that everybody has left is stopped.
//   - What looks like a SELECT and writes (a view, a function) is refused by READ ONLY,
//     sent alone, and its shape goes alone from then on. It is no sign of a failover.
//   - A shape flies alone at first; it shares while the server takes less than 5 ms for
//     it and its answers are small. One that spoils flights often leaves for a while, and
//     so does one that had a merged statement answer more than 8192 rows; no flight is
//     filled with more, as far as one can tell. Arguments above 64 KiB go alone.
//   - Nothing shares where the server's default isolation is not READ COMMITTED.
//   - Writes share a commit on plain tables only ([GroupAuto] has the list), sorted by table
//     and key, so that groups of several processes do not deadlock, and with a lock_timeout
//     far below deadlock_timeout, so that it is the group that gives way. There is one
//     group at a time; its operations end when the COMMIT was confirmed. What is known
//     about a table is asked again when a connection was opened, this pool ran DDL, or a
//     minute has passed.
//   - Statements share a transaction, so they share now() and, if they write, the
//     transaction id; a lost connection leaves the outcome of a whole group unknown, at
//     most 256 writes.
//
// Config.Flights, ByKey and GroupWrites switch lanes off; [Stats] tells what they did.
//
// # Rules of the lanes
//
// What a caller can rely on while its operations share flights with those of others, and
// the tests that hold it: those on a real server, and those on a scripted one, which can
// show what a real one does not do on demand. A test of package internal/lint fails for a
// rule without a test, and for a test that is not there.
//
//   - Rule 1: Everybody gets the rows of its own statement, whatever flies beside it, new or
//     prepared, with parameters or without, also while connections die. Server:
//     TestPostgresReadsThatShareKeepApart, TestPostgresNewAndPreparedStatementsInOneFlight,
//     integration.TestChaos. Script: TestReadsThatWaitShareAFlight,
//     TestEveryOperationOfEveryLaneEndsOnceWithItsOwnRows.
//   - Rule 2: Rows that came before an error belong to the statement that failed, and are
//     counted with it. Server: TestPostgresRowsBeforeAnErrorAreNobodyElses.
//   - Rule 3: An answer counts when the server has confirmed it to the end: an error behind
//     the rows is the answer, such as that of a deferred constraint. Server:
//     TestPostgresADeferredConstraintIsTheAnswer, postgres.TestConformance.
//   - Rule 4: A write in a group is acknowledged when its COMMIT was answered by COMMIT. If
//     it was answered by an error or by ROLLBACK, nothing has happened, and each is sent
//     alone. Server: TestPostgresACommitThatAnswersRollbackAcknowledgesNobody. Script:
//     TestACommitThatFailsIsRepeatedOneByOne, TestWritesThatWaitShareACommit.
//   - Rule 5: A transaction that text has opened behind the back of the pool is rolled back
//     before anybody else gets the connection. Server:
//     TestPostgresATransactionOpenedBehindOurBackReachesNobody,
//     postgres.TestTextThatOpensATransactionBehindOurBackIsSeen. Script:
//     TestATransactionLeftOpenByRawSQLIsRolledBack.
//   - Rule 6: Notices, notifications and changed parameters, wherever they come, are part of
//     nobody's answer. Server: TestPostgresWhatAServerSaysBesidesIsNobodysAnswer.
//   - Rule 7: Nothing is shared but the flight. Arguments are copied, so whoever leaves may
//     change its own; each reads a row for itself, also if several asked for it. Server:
//     TestPostgresTheArgumentsOfWhoeverLeavesAreKept,
//     TestPostgresLookupsByEveryKindOfKeyFindTheirOwn.
//   - Rule 8: Lookups become one statement only for keys that are equal exactly if their
//     bytes are. Should a row come that nobody asked for, each is asked for alone. Server:
//     TestPostgresLookupsByEveryKindOfKeyFindTheirOwn. Script:
//     TestLookupsThatWaitBecomeOneStatement, TestARowThatNobodyAskedForIsNobodys.
//   - Rule 9: Raw SQL, transactions, streams, and whatever holds a connection are alone on
//     it: advisory locks, temporary tables and SET reach no neighbour. Server:
//     TestPostgresRawSQLHasItsConnectionToItself. Script:
//     TestWhatDoesNotSayThatItSharesFliesAlone.
//   - Rule 10: A setting of one operation, such as the tenant of row-level security, is no
//     other's: what needs one does not share. Server:
//     TestPostgresASettingOfOneOperationIsNoNeighbours.
//   - Rule 11: What looks like a read and writes (a view, a function) runs once for each
//     call, alone; known as such it is not repeated when its connection is lost, and its
//     outcome is unknown then. Server: TestPostgresViewThatWritesGoesAlone,
//     TestPostgresAFunctionThatWritesRunsOnceForEachCall. Script:
//     TestAReadThatWritesGoesAloneFromThenOn, TestAReadThatIsKnownToWriteIsNotRepeated.
//   - Rule 12: Where the server's default isolation is not READ COMMITTED, for a database or
//     a role, nothing shares. Server: TestPostgresNothingSharesWithAnotherIsolation,
//     TestPostgresNothingSharesForARoleThatIsSerializable. Script:
//     TestNothingSharesWhereTheServerForbidsIt.
//   - Rule 13: Writes to tables with triggers, rules, policies, children, deferrable
//     constraints or cascades of their own, and to views, are transactions of their own: each
//     NOTIFY of a trigger arrives. A table that becomes one of these is found out when this
//     pool ran DDL or opened a connection, or after a minute. Server:
//     TestPostgresTablesThatDoMoreStayAlone,
//     TestPostgresEachNotifyOfATriggerArrives, TestPostgresATableWithPoliciesTakesNoWriteLane,
//     TestPostgresATableThatGetsATriggerLeavesItsLane. Script: TestTablesThatDoMoreGoAlone,
//     TestWhatIsKnownOfTablesExpires.
//   - Rule 14: Writes that are refused alone are refused in a group, even if they would heal
//     each other by its end. Server: TestPostgresWritesThatAreRefusedAloneDoNotHealEachOther.
//   - Rule 15: Only an INSERT of at most 16 rows, an UPDATE or DELETE by full key, and a
//     transaction of INSERTs with at most 16 rows together, share a commit. Such a transaction
//     stays one: it is there as a whole or not at all. Server:
//     integration.TestOnlySmallWritesByKeyShareACommit,
//     models.TestSessionsOfSeveralStatementsShareACommit. Script:
//     TestUnitsOfSeveralStatementsShareACommit.
//   - Rule 16: A flight has at most 256 operations, 256 KiB of arguments, and what is likely
//     to take 0.3 s; above 64 KiB one goes alone. Sending never waits for a server that waits
//     to be read. Server: postgres.TestConformance. Script: TestAFlightIsBounded.
//   - Rule 17: What takes 5 ms, has large answers, or spoils flights often goes alone, until
//     it does not any more. Server: TestPostgresSlowStatementsGoAlone. Script:
//     TestSlowShapesLeaveTheLane, TestAShapeWithLargeAnswersGoesAlone,
//     TestAShapeThatSpoilsFlightsLeavesForAWhile.
//   - Rule 18: There is no timer. Where a connection is idle an operation is sent at once and
//     alone. Server: TestPostgresALoneCallerSharesNothing. Script:
//     TestALoneOperationWaitsForNobody, TestAnIdleConnectionTakesOneOperationOnly,
//     TestAFewWritesDoNotWaitForAGroup.
//   - Rule 19: Each lane can be switched off, and answers stay the same. Server:
//     integration.TestChaos. Script: TestLanesCanBeSwitchedOff.
//   - Rule 20: An error, a timeout of the server among them, ends the operation that it
//     belongs to, and that only after it was sent alone; the others have their answers as if
//     it had not been there. Server: TestPostgresAnErrorInTheMiddleOfAFlightIsItsOwn,
//     TestPostgresAStatementTimeoutIsItsOwn, TestPostgresWritesThatShareACommit. Script:
//     TestTheOneThatSpoilsAFlightGoesAlone, TestAWriteThatFailsInAGroupFailsAlone.
//   - Rule 21: What an error left undone is sent again together up to three times, then one
//     by one. Server: TestPostgresAnErrorInTheMiddleOfAFlightIsItsOwn. Script:
//     TestAfterThreeErrorsAFlightGoesOneByOne.
//   - Rule 22: A sink that fails or panics ends its own operation; nothing is sent again.
//     Server: TestPostgresASinkThatFailsEndsItsOwnOperation. Script:
//     TestASinksFailureIsItsOwn.
//   - Rule 23: A result that changes its type under a statement that was described or
//     prepared, or a statement that is not prepared any more, is noticed, and that one is
//     sent again as if new. Server: TestPostgresAResultThatChangesItsTypeUnderAPlan,
//     postgres.TestATableMayChangeBetweenTwoRuns,
//     postgres.TestAPreparedStatementSurvivesWhatHappensToIt.
//   - Rule 24: Whoever gives up leaves its flight at once and disturbs nobody: no cancel
//     request is sent. A write does not know then what became of it. Server:
//     TestPostgresCancelOfOneMemberDisturbsNobody. Script:
//     TestAMemberThatLeavesDisturbsNobody, TestAWriteWhoseCallerLeftIsUnknown.
//   - Rule 25: Reads that everybody has left are stopped, and the request never reaches what
//     runs next. Server: TestPostgresAFlightThatEverybodyLeftIsStopped,
//     postgres.TestALateCancelNeverReachesTheNextStatement. Script:
//     TestAFlightThatEverybodyLeftIsStopped.
//   - Rule 26: A connection that is lost under a group leaves the outcome of each of its
//     writes unknown; they are there all or none, and are not sent again. Server:
//     TestPostgresALostGroupIsThereAsAWholeOrNotAtAll, TestPostgresGroupIsAllThereOrUnknown.
//     Script: TestALostGroupIsUnknownAndNotRepeated.
//   - Rule 27: Reads whose connection is lost are repeated, once, and so that they can not
//     write. Server: TestPostgresLostReadsAreRepeatedOnce,
//     TestPostgresARepeatedReadDoesNotWrite. Script:
//     TestSharedReadsAreRepeatedWhenTheirConnectionIsLost.
//   - Rule 28: What was not sent when its connection turned out to be lost is carried out by
//     another, writes too. Server: integration.TestATerminatedConnection. Script:
//     TestWhatWasNotSentYetGoesElsewhere.
//   - Rule 29: Writes of one row in a group keep the order in which they were submitted.
//     Server: TestPostgresWritesOfOneKeyKeepTheirOrderInAGroup.
//   - Rule 30: A read that was submitted after a write was acknowledged sees it, in whatever
//     lane; a lookup is answered by a statement that started after it was submitted. Server:
//     TestPostgresWritesThatShareACommit, integration.TestChaos.
//   - Rule 31: Groups of several processes do not deadlock, and no transaction of a user
//     becomes a victim by them. Server: TestPostgresGroupsOfTwoProcessesNeverDeadlock.
//   - Rule 32: Reads that share a flight give way to whoever locks tables, such as a
//     migration, and those of other tables do not wait for that. Server:
//     TestPostgresAMigrationIsNoVictimOfSharedReads,
//     TestPostgresReadsOfALockedTableHoldUpNobodyElse.
//   - Rule 33: One text is one statement. What needs a transaction of its own (VACUUM) has
//     it; COPY among statements is refused without harm to them. Server:
//     postgres.TestConformance, postgres.TestAStatementThatNeedsItsOwnSyncWorks,
//     postgres.TestCopyIsRefused.
//   - Rule 34: Behind a pooler that hands out a connection for each transaction the same
//     holds: no statement has a name, and where the pooler loses track of several statements
//     they go one by one. Server: postgres.TestConformanceBehindPgBouncer,
//     postgres.TestAPoolerThatTakesOneStatementAtATime, integration.TestTrafficThroughPgBouncer.
//   - Rule 35: What was acknowledged is there after a kill -9, of the program or of the
//     server. Server: integration.TestAKilledProcessLosesNoAcknowledgedRow,
//     integration.TestAKilledServerLosesNoAcknowledgedRow.
//   - Rule 36: Writes beside a locked table or row go on, in groups, and wait for the lock of
//     a stranger once at most, for the lock_timeout; what waits for the lock goes alone for
//     a moment, and leaves half of the connections to the others. What is remembered of
//     locks expires and is bounded. Server: TestPostgresWritesBesideALockedTableGoOn,
//     TestPostgresWritesBesideALockedRowGoOn, TestPostgresAGroupWaitsForStrangersOnce. Script:
//     TestAWriteThatMeetsALockGoesAloneForAMoment,
//     TestWritesThatAreStuckAloneKeepNoGroupFromStarting, TestWhatIsRememberedOfLocksIsBounded.
//   - Rule 37: A group that finds its server read-only after a failover has not happened: its
//     connection is given up, and each write is sent to another. Server:
//     TestPostgresAGroupThatFindsItsServerReadOnlyGoesElsewhere.
//   - Rule 38: Each operation ends exactly once and is counted once, in whatever lane; Timeout
//     holds in each. Server: TestPostgresReadsThatShareKeepApart, TestPostgresWritesThatShareACommit.
//     Script: TestEveryOperationOfEveryLaneEndsOnceWithItsOwnRows, TestTimeoutHoldsInEveryQueue.
//
// # Reads of one owner
//
// A lease carries out what its owner submits in that order. On a backend with a round trip,
// reads that stand behind each other when the connection becomes free go out in one flight:
// those that queued while it was busy, and those that were submitted one right after the
// other, before its worker woke up.
//
//   - Only operations of class Read, none that calls functions of unknown effect; a write
//     or anything else between two reads keeps its place, and parts them. What is known to
//     take 5 ms, or to have a large answer, goes alone, since all of a flight are answered
//     when its last one is. 256 operations and 256 KiB of arguments are the most.
//   - An error is that of its statement. What it means to the transaction it means to those
//     behind it, as if they had been sent one by one: on Postgres they fail with
//     ErrTxAborted. Those before have their answers. Nothing is sent twice.
//   - A canceled read leaves its flight at once, and the transaction goes on. The last one
//     aboard can not leave: it is interrupted as if it were alone, and waits for the truth,
//     since that may be the end of the transaction.
//
// Config.Flights switches it off; [Stats] counts these flights among those that reads
// shared.
//
// # Group commit with a single writer
//
// On SQLite one connection writes, a commit waits for the disk, and whoever writes next
// waits for it. So the writes that queued while a commit ran go out as one batch: BEGIN
// IMMEDIATE, each unit in a savepoint of its own, one COMMIT (driver.Grouper). A unit is
// a write of the query builder, or a whole transaction that was queued as one: Create, or
// a session's Add and Commit with nothing read or locked before. Raw SQL, DDL and
// transactions that hold the connection have it to themselves.
//
//   - Units run in the order of submission, and are answered when COMMIT has returned.
//     Readers see none of them before.
//   - One that fails is taken back to its savepoint and fails alone; so does one that
//     leaves a violated deferred foreign key behind, even if a later unit would heal it.
//   - What makes SQLite roll the whole transaction back (a full disk, an I/O error,
//     RAISE(ROLLBACK) in a trigger) ends the unit that met it. The others have not
//     happened: they are carried out again, one by one. A statement that did so goes alone
//     for a second.
//   - A COMMIT that meets a lock is tried again for as long as others are waited for. If it
//     fails, every unit of the batch fails with its error.
//   - Canceled in the queue or before its turn in the batch, a unit never runs. One that
//     runs first in its batch is interrupted. Any other runs to its end, and the answer is
//     the truth: committed is committed, whoever has stopped waiting.
//   - A batch takes what waits, and what comes while it works, up to 256 units, 256 KiB of
//     arguments or 5 ms. A lone writer meets none of it: its statement commits by itself,
//     in its own goroutine.
//
// Every unit has a savepoint, although SQLite takes most single statements back by itself:
// RAISE(FAIL) and a deferred constraint are exceptions that nobody sees in the text. It
// costs about a microsecond of eight.
//
// # Snapshots that reads share
//
// Beside the writer of SQLite others read. A read takes a snapshot of its own, and the
// locks for that cost as much as finding a row. While few read at a time each does so in
// its own goroutine, on an idle connection. Where more wait than there are processors to
// serve them, a reader takes its share of them, opens one snapshot (driver.Snapshotter),
// and carries them out one after another. Each sees all that was acknowledged before it was
// submitted, has its own context, fails alone, and is answered at once. Those behind a slow
// one go to another reader after a millisecond. Config.Flights switches it off; [Stats]
// counts these reads among those that shared.
//
// # Rules
//
// They keep the engine free of deadlocks; each has a test of its own.
//
//   - A worker never waits for another operation and never runs user code. What follows
//     an operation is submitted by its [Resolver], as a continuation.
//   - Continuations go to the front of the queue and do not count against QueueLimit:
//     what has begun is finished before new work begins.
//   - An operation that nobody waits for runs: submitting wakes a worker.
//   - A waiter may lend its goroutine ([Op.Lend]) only to the next operation of its
//     queue, and only while a connection is free: it is never held up by a stranger's work.
//   - Where waiters have come each time to lend their goroutine, a worker is woken only if
//     none has come within 0.2 ms.
//   - An operation ends exactly once. Canceled, or its context ended, before its start: it
//     never runs, and its error matches [ErrNotStarted].
//   - An operation that only reads, and calls no function of unknown effect, is repeated
//     once when its connection was lost under it, in a transaction that refuses writes: what
//     a view, a policy or raw SQL does besides is refused, and its outcome unknown. A write
//     is never repeated: what became of it is unknown, and says so.
//   - When every connection belongs to an owner that waits for this pool, the operation
//     that closed the circle fails with [ErrPoolDeadlock]. An owner that gets on keeps its
//     crew out of the circle, so waiting under load is no deadlock. The contexts of
//     [Lease.Context] tell who waits.
//   - A lost connection, or a writer that finds its server read-only after a failover,
//     makes all connections of its generation suspect; each is replaced before its next
//     use. A failed check before use does the same.
//   - A broken connection gives its slot back at once and is closed aside within
//     DrainTimeout. In use, opening and draining together are never more than twice the
//     limit.
//   - While the database can not be reached, one probe at a time is made, with growing
//     pauses; operations wait for their own Timeout, whose error then names the cause. An
//     error that time does not heal (access denied, no such database, a damaged file)
//     ends what waits at once.
//   - A connection that comes back with a transaction open is rolled back, or closed if
//     that fails: the next owner never meets it.
//
// # What happens when a context ends
//
//	the operation is …       it …                              its connection …
//	queued                   never runs                        is untouched
//	running                  is interrupted by the driver;     is cleaned by the driver,
//	                         a write without an answer is      or closed
//	                         "outcome unknown"
//	in a shared flight       ends without its answer; a       is untouched
//	                         write is "outcome unknown"
//	of a lease, running      is interrupted; the transaction   stays with its owner
//	                         is the owner's to roll back
//	of a lease, in a flight  ends without its answer, unless   stays with its owner
//	with other reads         it is the last aboard
//
// # Counting
//
// Each worker counts for itself, with plain loads and stores, since only one goroutine
// drives it at a time; [Pool.Stats] adds up. Nothing is shared on the hot path but the
// queue's own lock, and counting allocates nothing.
package pool
