process.on('beforeExit', () => {
  log('before exit');
  process.nextTick(() => log('tick'));
  queueMicrotask(() => log('microtask'));
});
process.on('exit', (code) => log(`exit ${code}`));
