// Package dialect writes SQL text for Postgres and SQLite: DDL from the facts of
// package schema, and statements from trees of nodes. Everything is a pure function of
// its arguments; what it writes is kept in golden files under testdata.
//
// It leaves types, checks and meaning to package models.
//
// # Rules
//
//   - Names are always quoted. Values are always parameters, except literals in DDL.
//   - Text and arguments come out of one walk over the tree ([Writer]), so their order
//     can not differ. The text depends on the shape of a statement only, never on its
//     values or on how many a list holds (where an array parameter can carry them), so
//     that text is the key under which a statement is prepared.
//   - A column whose table is not part of the statement is an error that names both.
//   - Both dialects give the same answer where they can: LIKE tells upper from lower
//     case on SQLite too (it becomes GLOB), ILike folds ASCII letters only there.
package dialect
