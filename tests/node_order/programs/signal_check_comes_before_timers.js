const hold = setTimeout(() => log('never: timer'), 5000);
process.on('SIGUSR2', () => {
  log('signal');
  clearTimeout(hold);
  setTimeout(() => log('timer'), 1);
  setImmediate(() => log('immediate'));
  pass(5);
});
process.kill(process.pid, 'SIGUSR2');
