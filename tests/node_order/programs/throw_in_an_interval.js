process.on('uncaughtException', (error) => log(`caught ${error.message}`));
let n = 0;
const interval = setInterval(() => {
  log(`interval ${++n}`);
  if (n === 3) clearInterval(interval);
  throw new Error(`of interval ${n}`);
}, 5);
