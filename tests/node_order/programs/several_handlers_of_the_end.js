let left = 1;
process.on('beforeExit', () => {
  log('before exit 1');
  if (left-- > 0) setImmediate(() => log('immediate'));
});
process.on('beforeExit', () => log('before exit 2'));
process.on('exit', (code) => log(`exit 1: ${code}`));
process.on('exit', (code) => log(`exit 2: ${code}`));
