// Package embedded names the engine of the browser build: SQLite compiled into the Go
// module itself, as on every other platform (github.com/ncruces/go-sqlite3), with its
// files in the origin private file system. It needs no asset beside the program's .wasm
// file and wasm_exec.js, and Go functions can be called from SQL.
//
// There is nothing to call: package spillway opens URLs of the form opfs:name with it.
// The package is the place where the choice of an engine is written down, for the day
// there is more than one.
//
// It costs download and start. A small program (integration/browser/notes, built with
// -ldflags="-s -w") is 21 MB, 5 MB after gzip -9, half of it SQLite; and until the browser
// has compiled the hot parts (the first visit) statements take longer than on later ones:
// BenchmarkNotes in integration/browser measures both. Serve the file as application/wasm, with headers that let the browser keep
// it, and compile it with WebAssembly.instantiateStreaming: then later visits find it
// compiled (https://v8.dev/blog/wasm-code-caching).
package embedded
