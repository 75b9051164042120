// Package promise waits for JavaScript promises from Go. It serves package wasm, which
// offers it to applications, and package opfs, whose files are opened by promises. It
// knows nothing of databases.
//
// It has code for GOOS=js only. A goroutine that waits here gives the thread back to the
// browser, so the promise can settle. A function that JavaScript called (js.FuncOf) must
// not wait, since the browser waits for it: start a goroutine there
// (https://pkg.go.dev/syscall/js#FuncOf).
package promise
