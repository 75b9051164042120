// Package cli is the command spillway as a package: its commands, flags, exit codes and
// signals. What a command does lives elsewhere: in package demo, in package program, which
// finds the models of a program, and in models/migrate and its package autogen.
//
// Exit codes: 0 when the work was done, 1 when it failed (also when check finds that
// something has come apart), 2 when the command line was not understood or names something
// that can not be used, 3 when a person has to decide and nobody can be asked (the message
// names the flag that answers), 130 after an interrupt (128 and the signal's number, as a
// shell counts).
//
// A failure is one line on standard error. No password of a URL on the command line
// appears in it.
package cli
