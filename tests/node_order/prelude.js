// What every program of programs/ finds: log(line), and pass(ms), which keeps the thread busy for so long.
globalThis.log = console.log;
globalThis.pass = (ms) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};
process.stdout.write('');  // the first time takes long, which is no matter of the program
