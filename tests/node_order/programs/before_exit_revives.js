let left = 2;
process.on('beforeExit', () => {
  log(`before exit, left: ${left}`);
  if (left-- > 0) setTimeout(() => log('timer'), 1);
});
process.on('exit', (code) => log(`exit ${code}`));
setImmediate(() => log('immediate'));
