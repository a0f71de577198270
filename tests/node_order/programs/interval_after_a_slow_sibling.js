let n = 0;
setTimeout(() => pass(200), 5);
const interval = setInterval(() => {
  log(`interval ${++n}`);
  if (n === 2) return clearInterval(interval);
  setTimeout(() => log('40 ms after interval 1'), 40);
}, 300);
pass(350);
