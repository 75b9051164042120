// Package wasm joins Spillway and JavaScript in programs compiled for the browser
// (GOOS=js GOARCH=wasm): [Promise] makes a JavaScript promise of a future,
// [AwaitPromise] waits for a promise from Go, and [Export] offers a Go function to
// JavaScript. It leaves to others the database (package spillway; see below) and the
// engine (package wasm/embedded says which one there is). On other platforms the package
// has nothing but this text.
//
// # The database
//
// The same program runs on a server and in the browser; only the URL differs:
//
//	opfs:notes.db     durable: an ordinary SQLite file in the origin private file system
//	sqlite::memory:   in memory: gone with the program
//
// Files can be opened in a dedicated worker only (new Worker("worker.js")), in a page
// served over https or from localhost; no special headers are needed. A file can be open
// once: a second tab, or a page that has not yet let go, gets an error that says so after
// two seconds, and there is no falling back to memory. A page that the user leaves may be
// kept in the back/forward cache with its worker alive, which then keeps the files, so
// end the worker on pagehide:
//
//	addEventListener("pagehide", () => worker.terminate())
//
// Nothing that was committed is lost by ending a worker at any moment.
//
// # Rules
//
//   - The browser has one thread per worker, and goroutines share it. A function that
//     JavaScript calls (js.FuncOf) must not wait, neither for a future nor for a promise:
//     the browser waits for it and nothing else can happen. [Export] starts a goroutine
//     for each call, and so does [Promise] for each future that is still pending.
//   - A goroutine that computes without waiting stops the worker's event loop, and a
//     statement that runs is such a computation. Deadlines of contexts end it nevertheless;
//     an AbortSignal arrives as an event, so it can only end what has yet to start. Keep
//     the worker for the database and the page for the user.
//   - What fails in Go rejects the promise with an Error; see [ErrorOf]. A panic in an
//     exported function rejects its promise and ends nothing else.
//   - Values are converted as [ValueOf] says; a number that JavaScript could not hold
//     exactly arrives as a BigInt, never rounded.
package wasm
