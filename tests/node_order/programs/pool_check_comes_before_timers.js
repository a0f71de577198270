const { pbkdf2 } = require('crypto');
pbkdf2('secret', 'salt', 1, 32, 'sha256', () => {
  log('job');
  setTimeout(() => log('timer'), 1);
  setImmediate(() => log('immediate'));
  process.nextTick(() => log('tick'));
  pass(5);
});
