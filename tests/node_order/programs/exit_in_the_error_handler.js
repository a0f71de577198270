process.on('uncaughtException', (error) => {
  log(`caught ${error.message}`);
  process.exit(6);
});
process.on('exit', (code) => log(`exit ${code}`));
setImmediate(() => {
  log('a');
  throw new Error('of a');
});
setImmediate(() => log('never: b'));
