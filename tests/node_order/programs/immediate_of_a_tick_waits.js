setImmediate(() => {
  log('a');
  process.nextTick(() => {
    log('tick of a');
    setImmediate(() => log('immediate of the tick'));
  });
});
setImmediate(() => log('b'));
