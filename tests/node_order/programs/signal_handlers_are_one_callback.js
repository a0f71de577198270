process.on('SIGUSR2', () => {
  log('a');
  process.nextTick(() => log('tick of a'));
  queueMicrotask(() => log('microtask of a'));
});
process.on('SIGUSR2', () => {
  log('b');
  process.nextTick(() => log('tick of b'));
});
process.on('SIGUSR2', () => log('c'));
setImmediate(() => log('immediate'));
process.kill(process.pid, 'SIGUSR2');
log('main');
