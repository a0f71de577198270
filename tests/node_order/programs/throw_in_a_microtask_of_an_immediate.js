process.on('uncaughtException', (error) => log(`caught ${error.message}`));
setImmediate(() => {
  log('a');
  queueMicrotask(() => {
    log('microtask 1');
    throw new Error('of microtask 1');
  });
  queueMicrotask(() => log('microtask 2'));
  process.nextTick(() => log('tick'));
});
setImmediate(() => log('b'));
