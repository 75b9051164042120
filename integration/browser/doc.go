// Package browser proves in a real browser what no other test can: that programs written
// with Spillway and compiled for GOOS=js keep their rows over a reload, over the death of
// the browser and beside a second tab. It runs headless Chromium (Debian's package
// chromium) and is a module of its own, because driving a browser needs modules that
// nothing else here does.
//
// The package has tests only. TestUnits runs the unit tests of the packages that exist for
// the browser alone, compiled by go test -c, in a dedicated worker; the other tests drive
// the program in directory notes through its page. Both are served on loopback, each test
// from an origin of its own, so that no test sees the files of another.
//
// Without a browser the tests fail; they never skip.
package browser
