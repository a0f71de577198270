let n = 0;
const interval = setInterval(() => {
  log(`interval ${++n}`);
  setImmediate(() => log('immediate'));
  if (n === 3) clearInterval(interval);
}, 0);
