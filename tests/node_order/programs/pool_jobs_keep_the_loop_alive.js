const { pbkdf2 } = require('crypto');
process.on('beforeExit', () => log('before exit'));
setTimeout(() => log('timer'), 1).unref();
pass(5);
pbkdf2('secret', 'salt', 200000, 32, 'sha256', () => log('job'));
