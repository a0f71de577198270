let n = 0;
const interval = setInterval(() => {
  log(`interval ${++n}`);
  setImmediate(() => log(`immediate ${n}`));
  if (n === 1) pass(200);
  if (n === 3) clearInterval(interval);
}, 50);
