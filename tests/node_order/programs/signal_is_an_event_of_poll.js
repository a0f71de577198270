process.on('SIGUSR2', () => {
  log('signal');
  process.nextTick(() => log('tick'));
});
setImmediate(() => log('immediate'));
process.kill(process.pid, 'SIGUSR2');
log('main');
