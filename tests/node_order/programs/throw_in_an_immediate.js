process.on('uncaughtException', (error) => log(`caught ${error.message}`));
setImmediate(() => {
  log('a');
  setImmediate(() => log('immediate of a'));
  throw new Error('of a');
});
setImmediate(() => log('b'));
setImmediate(() => {
  log('c');
  throw new Error('of c');
});
setImmediate(() => log('d'));
