process.on('SIGUSR2', () => log('signal'));
setTimeout(() => {
  log('timer 1');
  process.kill(process.pid, 'SIGUSR2');
  setImmediate(() => log('immediate'));
  process.nextTick(() => log('tick'));
}, 1);
setTimeout(() => log('timer 2'), 2);
pass(10);
