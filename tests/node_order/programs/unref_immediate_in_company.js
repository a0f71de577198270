setTimeout(() => {
  log('timer 1');
  setImmediate(() => log('unref immediate')).unref();
  setTimeout(() => log('timer 2'), 10);
}, 1);
process.on('exit', (code) => log(`exit ${code}`));
