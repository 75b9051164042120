// Package faultvfs is a disk under a test's control: a file system for SQLite (a VFS of
// github.com/ncruces/go-sqlite3) over that of the operating system, which knows what was
// synced and fails where it is told to.
//
// It leaves to others: what a database should do about it.
//
// # What it models
//
//   - A write goes to the file at once, so other connections see it, and to the disk
//     when the file is synced. [Disk.PowerLoss] writes what a machine would find after
//     its power had failed: synced writes always; of the others none, or those that the
//     test picks, sector by sector.
//   - A new file is found again once it was synced. A deleted file is gone for sure only
//     if its directory was synced.
//   - [Disk.FailAt] makes the n-th change of the disk (write, truncate, sync, delete) fail,
//     once or from then on. A write fails with its first half written.
//   - Reads, locks and shared memory are those of the operating system. Temporary files
//     are not part of it.
package faultvfs
