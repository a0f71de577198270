let n = 0;
const interval = setInterval(() => {
  log(`interval ${++n}`);
  process.nextTick(() => log(`tick ${n}`));
  queueMicrotask(() => log(`microtask ${n}`));
  if (n === 2) clearInterval(interval);
}, 2);
