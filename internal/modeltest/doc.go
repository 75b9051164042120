// Package modeltest is the behaviour suite above the drivers: what a user of sessions and
// queries relies on, run on an open database, by the blocking verbs and by futures. The
// parts are named after the promise they test, with the number of its row in the list of
// what Spillway has to offer where there is one.
//
// [Run] needs an empty database; it creates its tables by the default registry.
package modeltest
