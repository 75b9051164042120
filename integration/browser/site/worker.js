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
