process.on('uncaughtException', (e) => log(`caught ${e.message}`));
process.on('SIGUSR2', () => {
  process.nextTick(() => log('tick'));
  throw new Error('a');
});
process.on('SIGUSR2', () => log('never: b'));
setImmediate(() => log('immediate'));
process.kill(process.pid, 'SIGUSR2');
