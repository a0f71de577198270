let done = false;
process.on('beforeExit', () => {
  log('before exit');
  if (done) return;
  done = true;
  setImmediate(() => log('immediate'));
  process.nextTick(() => log('tick'));
});
process.on('exit', (code) => log(`exit ${code}`));
