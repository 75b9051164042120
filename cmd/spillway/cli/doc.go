// Package cli is the command spillway as a package: its commands, flags, exit codes and
// signals. What a command does lives elsewhere; package demo is the first.
//
// Exit codes: 0 when the work was done, 1 when it failed, 2 when the command line was
// not understood or names something that can not be used, 130 after an interrupt (128
// and the signal's number, as a shell counts).
//
// A failure is one line on standard error. No password of a URL on the command line
// appears in it.
package cli
