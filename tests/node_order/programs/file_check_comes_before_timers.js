const fs = require('fs');
fs.readFile(__filename, () => {
  log('file');
  setTimeout(() => log('timer'), 1);
  setImmediate(() => log('immediate'));
  process.nextTick(() => log('tick'));
  pass(5);
});
