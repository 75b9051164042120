// Package opfs keeps SQLite's files in the browser's origin private file system
// (https://fs.spec.whatwg.org). Importing it registers the VFS "opfs" with
// github.com/ncruces/go-sqlite3. It has code for GOOS=js only; on other platforms the
// package is empty.
//
// It leaves to others: what URL names it (package backend), what the connection is set
// to (package sqlite), promises (package promise).
//
// # Rules
//
//   - A database keeps the name it is opened by, and its files the names SQLite gives
//     them: notes.db, notes.db-wal, notes.db-journal. They are ordinary SQLite files. A
//     name with slashes lies in directories, which are made when a file is created.
//   - Reading, writing, sizing and flushing are calls of a FileSystemSyncAccessHandle,
//     which only a dedicated worker has. Opening, deleting and looking for a file wait
//     for promises: SQLite runs on a goroutine here, so it may wait.
//   - A handle is exclusive by nature: no second connection, worker or tab can open the
//     file. The connection must therefore use locking_mode=exclusive, which also gives WAL
//     without shared memory (https://www.sqlite.org/wal.html#noshm). SQLite's own locks
//     have nothing left to do. A file that stays locked for [OpenTimeout] is refused with
//     [ErrInUse], of kind driver.ErrBusy; the wait is there because a page being reloaded
//     gives its files back a moment after the next one has started.
//   - Sync is the handle's flush. The platform has no way to sync a directory.
//   - Temporary files (sorters, statement journals) are in memory.
//   - A full disk or an exhausted quota is SQLITE_FULL. Where there is no such file system
//     opening fails with [ErrUnavailable], of kind driver.ErrNoDatabase, and says what is
//     missing. Nothing is ever kept in memory in its place.
package opfs
