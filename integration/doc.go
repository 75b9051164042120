// Package integration holds tests of what no single package can prove: the program as
// users start it, real servers that go away and come back, and the files that put it
// together. It has no code to import.
//
// Servers come from package testdb; nothing here is skipped. Tests in a real browser
// live in a module of their own, browser, since driving one needs modules that users of
// the library should not see.
package integration
