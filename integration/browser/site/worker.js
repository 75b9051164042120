// The worker's side: runs one Go program and passes calls on to what it exports.
"use strict";

importScripts("wasm_exec.js");

const decoder = new TextDecoder();
const started = performance.now();

// Lines of the program go to the page instead of the console.
globalThis.fs.writeSync = (fd, bytes) => {
  postMessage({ type: "output", text: decoder.decode(bytes, { stream: true }) });
  return bytes.length;
};

// go test keeps the output of an example in a temporary file; these hold it in memory.
const temporary = new Map();
const ok = (callback, ...result) => callback(null, ...result);
const plain = { write: fs.write.bind(fs), open: fs.open.bind(fs) };
Object.assign(globalThis.fs, {
  open(path, flags, mode, callback) {
    if (!path.startsWith("/tmp/go-example-")) return plain.open(path, flags, mode, callback);
    const fd = 100 + temporary.size;
    temporary.set(fd, []);
    ok(callback, fd);
  },
  write(fd, bytes, offset, length, position, callback) {
    if (!temporary.has(fd)) return plain.write(fd, bytes, offset, length, position, callback);
    temporary.get(fd).push(...bytes.subarray(offset, offset + length));
    ok(callback, length);
  },
  read(fd, bytes, offset, length, position, callback) {
    const piece = temporary.get(fd).splice(0, length); // an example's output is read once
    bytes.set(piece, offset);
    ok(callback, piece.length);
  },
  close: (fd, callback) => ok(callback),
  unlink: (path, callback) => ok(callback),
});

// The program calls this when its functions can be called.
globalThis.ready = () => postMessage({ type: "ready", milliseconds: performance.now() - started });

async function run(program, argv) {
  const go = new Go();
  let code = 0;
  go.argv = [program, ...argv];
  go.exit = (c) => (code = c);
  const { instance } = await WebAssembly.instantiateStreaming(fetch(program), go.importObject);
  await go.run(instance);
  postMessage({ type: "exit", code });
}

async function call(id, name, args) {
  try {
    postMessage({ type: "value", id, value: await globalThis[name](...args) });
  } catch (e) {
    // Copying an Error between threads keeps its name and message only.
    const { name, message, kind, table, column, constraint } = e;
    postMessage({ type: "error", id, error: { name, message, kind, table, column, constraint } });
  }
}

onmessage = ({ data }) => {
  if (data.type === "call") return call(data.id, data.name, data.args);
  run(data.program, data.argv).catch((e) => {
    postMessage({ type: "output", text: String(e && e.stack) });
    postMessage({ type: "exit", code: -1 });
  });
};
