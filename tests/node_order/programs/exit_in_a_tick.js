process.on('exit', (code) => log(`exit ${code}`));
setImmediate(() => {
  log('immediate');
  process.nextTick(() => {
    log('tick');
    process.exit(0);
  });
  process.nextTick(() => log('never: tick'));
  queueMicrotask(() => log('never: microtask'));
});
setImmediate(() => log('never: immediate'));
