const { spawn } = require('child_process');
const child = spawn('/bin/sleep', ['100'], { stdio: 'ignore' });
child.on('exit', (code, signal) => log(`exit ${signal}`));
child.on('spawn', () => {
  log('killed');
  child.kill('SIGTERM');
});
