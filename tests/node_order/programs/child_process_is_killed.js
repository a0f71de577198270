const { spawn } = require('child_process');
const child = spawn('/bin/sleep', ['100'], { stdio: 'ignore' });
child.on('exit', (code, signal) => log(`exit ${signal}`));
setTimeout(() => {
  log('killed');
  child.kill('SIGTERM');
}, 20);
