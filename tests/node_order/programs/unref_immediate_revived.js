let done = false;
setImmediate(() => log('unref immediate')).unref();
process.on('beforeExit', () => {
  log('before exit');
  if (done) return;
  done = true;
  setTimeout(() => log('timer'), 200);
});
