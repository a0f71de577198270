process.on('beforeExit', () => {
  log('before exit');
  setImmediate(() => log('never: immediate'));
  process.exit(5);
});
process.on('exit', (code) => log(`exit ${code}`));
