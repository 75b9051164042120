// Package autogen writes migrations: it compares the models with a database and writes
// the SQL script that brings the one to the other, and the one back. Package migrate runs
// what it writes.
//
//	result, err := autogen.Create(ctx, autogen.Options{DB: db, Message: "add users"})
//
// [Init] writes the first migration, [Check] tells what has come apart, [Plan] is Create
// that writes nothing.
//
// # What is compared
//
// Everything that the models can say: tables, columns, types, nullability, defaults,
// generated columns, keys made by the database, primary keys, unique constraints, checks,
// foreign keys with their actions, and indexes. The tables of the models are made on a
// scratch database (SQLite: in memory; Postgres: a schema in a transaction that is never
// committed) and read back, so both sides are in the database's own words, and nothing is
// found after [models.CreateTables] or after migrate. Without the right to create a
// schema (42501) the words of the models are compared: then changed expressions of
// checks, indexes and generated columns go unseen, and nothing is proved.
//
// Tables that never had a model are left alone, as are triggers, views, comments, rights,
// and exclusion constraints. The line "-- tables:" of the newest script tells which
// tables had one.
//
// # What is asked
//
// A column or table that vanishes may have been renamed, or may be dropped with its
// values; a new column that can not be NULL needs a value for the rows that exist. Create
// answers with a *[QuestionsError] that names the flag for each, and writes nothing:
//
//   - the option was of a field (`db:",was=mail"`), or [Options].Rename, says that it was
//     renamed: nothing is lost then
//   - [Options].AllowDrop and [Options].Drop consent to a loss
//   - [Options].Fill gives the value. Numbers, booleans, texts, JSON and arrays need none:
//     existing rows get what Go reads as the zero value, unless the column is unique or a
//     foreign key
//
// # What is proved
//
// Before a script is written it is run on a scratch copy of the schema: up, which must
// lead to exactly the models, and down, which must lead to exactly what was there. A
// script that can not be tried out says so in its head. The rows are not copied: what may
// fail on them (a unique constraint, a check) stands there as a note.
//
// # SQLite
//
// ALTER TABLE does little there, so most changes write the table anew: a new table, the
// rows, the old one dropped, the new one renamed. Foreign keys must be off meanwhile, or
// the rows that refer to the table are deleted; package migrate sees to it, and such a
// script begins with statements that fail where they are on, for people who run it with
// another tool. Triggers are made again, what AUTOINCREMENT has given out stays given
// out. What the models have no word for (a collation, STRICT, ON CONFLICT) would be lost:
// then the change is refused with [ErrRefused], and belongs into a script of your own.
//
// # Two databases
//
// With two [Options].Dialects each has a folder, migrations/sqlite and migrations/postgres,
// with the same versions. The script for the one that is not connected is planned from
// models.json, which holds the models of the newest migration. Commit that file together
// with the scripts.
//
// # Why there is no schema library in it
//
// SQLite keeps the text of each table, and Postgres prints each constraint, index and
// expression by functions of its catalog (pg_get_constraintdef and the like). Comparing
// those texts sees all there is: deferrable keys, declared types on SQLite, collations,
// identity columns, names with blanks. Libraries with a model of a schema of their own see
// what the model holds; ariga.io/atlas v1.3.0, the nearest, passes over deferrable keys,
// compares SQLite's types by family only (varchar(10) is varchar(20)), and reads its
// checks and keys by regular expressions.
package autogen
