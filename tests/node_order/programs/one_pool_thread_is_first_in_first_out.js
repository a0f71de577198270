process.env.UV_THREADPOOL_SIZE = '1';
const { pbkdf2 } = require('crypto');
const job = (name, rounds) =>
  pbkdf2('secret', 'salt', rounds, 32, 'sha256', () => {
    log(name);
    process.nextTick(() => log(`tick of ${name}`));
  });
job('long', 20000);
job('short', 1);
job('middle', 5000);
job('short again', 1);
