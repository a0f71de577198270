setTimeout(() => {
  log('outer');
  setTimeout(() => log('inner'), 0);
  process.nextTick(() => log('tick'));
  setImmediate(() => log('immediate'));
}, 1);
