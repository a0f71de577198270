setTimeout(() => {
  log('timer 1');
  setTimeout(() => log('timer 2'), 1);
  setImmediate(() => log('immediate'));
  pass(5);
}, 1);
