// What every program of programs/ finds: log(line), and pass(ms), which keeps the thread busy for so long.
globalThis.log = console.log;
globalThis.pass = (ms) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};
