// The page's side: run(program) starts a Go program in a dedicated worker, and
// call(name, …arguments) calls a function that the program exports.
"use strict";

let worker;
let calls = new Map();
let lastCall = 0;
let output = ""; // of the program
let progress = 0; // what the program last told
let waiting = []; // for progress

// run starts a program and resolves once it has said that it is ready ({started}), or has
// ended ({code, output}).
function run(program, ...argv) {
  worker = new Worker("worker.js");
  output = "";
  return new Promise((resolve, reject) => {
    worker.onerror = (e) => reject(new Error("worker: " + e.message));
    worker.onmessage = ({ data }) => {
      switch (data.type) {
        case "output":
          output += data.text;
          break;
        case "progress":
          progress = data.value;
          waiting = waiting.filter(({ n, resolve }) => progress < n || resolve(progress));
          break;
        case "ready":
          resolve({ started: data.milliseconds, output });
          break;
        case "exit":
          resolve({ code: data.code, output });
          for (const call of calls.values()) call.reject(new Error("the program has ended\n" + output));
          calls.clear();
          break;
        case "value":
        case "error": {
          const call = calls.get(data.id);
          calls.delete(data.id);
          if (data.type === "value") call.resolve(data.value);
          else call.reject(Object.assign(new Error(data.error.message), data.error));
        }
      }
    };
    worker.postMessage({ type: "run", program, argv });
  });
}

// call calls a function of the program and resolves or rejects as it does.
function call(name, ...args) {
  return new Promise((resolve, reject) => {
    calls.set(++lastCall, { resolve, reject });
    worker.postMessage({ type: "call", id: lastCall, name, args });
  });
}

// timed calls a function and resolves with the milliseconds that took.
async function timed(name, ...args) {
  const begin = performance.now();
  await call(name, ...args);
  return performance.now() - begin;
}

// reached resolves when the program has told a progress of n or more.
function reached(n) {
  if (progress >= n) return Promise.resolve(progress);
  return new Promise((resolve) => waiting.push({ n, resolve }));
}

// A page that goes into the back/forward cache keeps its workers, and they would keep the
// database's files.
addEventListener("pagehide", () => worker?.terminate());
