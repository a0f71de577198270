let n = 0;
const interval = setInterval(() => {
  log(`interval ${++n}`);
  if (n === 2) clearInterval(interval);
}, 5);
setTimeout(() => log('timer'), 5);
interval.refresh();
