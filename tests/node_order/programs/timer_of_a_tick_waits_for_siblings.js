setTimeout(() => {
  log('a');
  process.nextTick(() => setTimeout(() => log('of the tick of a'), 0));
}, 3);
setTimeout(() => log('b'), 3);
setTimeout(() => log('c'), 5);
setImmediate(() => log('immediate'));
pass(10);
