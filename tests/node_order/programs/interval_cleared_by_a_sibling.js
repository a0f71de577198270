let interval;
setTimeout(() => {
  log('timer');
  clearInterval(interval);
}, 3);
interval = setInterval(() => log('never: interval'), 5);
pass(15);
