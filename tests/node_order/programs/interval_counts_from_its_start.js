let n = 0;
const interval = setInterval(() => {
  log(`interval ${++n}`);
  if (n === 2) return clearInterval(interval);
  setTimeout(() => log('50 ms after the start of interval 1'), 50);
  pass(70);
}, 20);
