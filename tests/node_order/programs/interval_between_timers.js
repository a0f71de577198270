let n = 0;
const interval = setInterval(() => {
  log(`interval ${++n}`);
  if (n === 2) clearInterval(interval);
}, 100);
setTimeout(() => log('50 ms'), 50);
setTimeout(() => log('150 ms'), 150);
setTimeout(() => log('350 ms'), 350);
