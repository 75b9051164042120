// Package drivertest is the one suite that every backend of package driver passes.
//
// A backend's test calls [Run] with a function that opens a connector to a new, empty
// database; its benchmark calls [Benchmark] the same way. The names of the tests are
// the rules of package driver as sentences.
//
// # Differences between backends
//
// What backends may do differently is named by driver.Features. The suite tests both
// answers: where a backend declares that it lacks something, the suite expects the
// other behaviour and fails if it does not get it. Nothing is skipped.
//
// The few SQL texts that differ stand in one table, keyed by Features().Name. A driver
// that wraps another one answers with the name of the inner one. A new backend adds one
// entry.
package drivertest
