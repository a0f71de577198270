process.on('beforeExit', () => log('never: before exit'));
process.on('exit', (code) => log(`exit ${code}`));
setTimeout(() => {
  log('timer');
  process.nextTick(() => log('never: tick'));
  setImmediate(() => log('never: immediate'));
  process.exit(3);
}, 3);
setTimeout(() => log('never: sibling'), 3);
pass(10);
