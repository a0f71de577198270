process.on('uncaughtException', (error) => {
  log(`caught ${error.message}`);
  setImmediate(() => log('immediate of the handler'));
});
setTimeout(() => {
  log('timer');
  throw new Error('of timer');
}, 1);
