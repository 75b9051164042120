// Command spillway shows what the library does and looks after the schema of programs
// that use it. Run "spillway --help".
package main
