setTimeout(() => {
  log('2 ms');
  setImmediate(() => log('immediate'));
  pass(250);
}, 2);
setTimeout(() => log('200 ms'), 200);
