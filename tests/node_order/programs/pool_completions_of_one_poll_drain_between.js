process.env.UV_THREADPOOL_SIZE = '1';
const { pbkdf2 } = require('crypto');
for (const name of ['a', 'b', 'c']) {
  pbkdf2('secret', 'salt', 1, 32, 'sha256', () => {
    log(name);
    process.nextTick(() => log(`tick of ${name}`));
    queueMicrotask(() => log(`microtask of ${name}`));
  });
}
pass(50);
