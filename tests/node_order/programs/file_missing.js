const fs = require('fs');
fs.readFile('/nowhere/to/be/found', (error) => {
  log(error.code);
  process.nextTick(() => log('tick'));
  setImmediate(() => log('immediate'));
});
log('main');
