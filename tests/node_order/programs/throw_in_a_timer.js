process.on('uncaughtException', (error) => log(`caught ${error.message}`));
setTimeout(() => {
  log('a');
  throw new Error('of a');
}, 3);
setTimeout(() => log('b, of the same deadline'), 3);
setTimeout(() => log('c, of a later one'), 5);
setImmediate(() => log('immediate'));
pass(10);
