//go:build js

// Command notes is the program that the tests of package browser drive: an application
// with one table, whose functions the page calls. Nothing in it knows where the rows are
// kept.
package main
