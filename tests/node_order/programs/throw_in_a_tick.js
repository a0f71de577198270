process.on('uncaughtException', (error) => log(`caught ${error.message}`));
process.nextTick(() => {
  log('tick 1');
  throw new Error('of tick 1');
});
process.nextTick(() => log('tick 2'));
queueMicrotask(() => log('microtask'));
setImmediate(() => log('immediate'));
