// Package testleak fails a test binary that leaves goroutines behind.
//
// A package that starts goroutines, or whose tests open databases, says in one of its
// test files:
//
//	func TestMain(m *testing.M) { testleak.Main(m) }
//
// Main runs the tests and then waits, a few seconds at most, until only goroutines of
// the Go runtime and of the test framework are left. What is still there then is
// printed with its stack, and the binary fails. A background goroutine that is meant to
// outlive the tests does not exist here: what starts one stops it.
package testleak
