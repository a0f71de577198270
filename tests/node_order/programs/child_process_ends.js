const { spawn } = require('child_process');
const child = spawn('/bin/sh', ['-c', 'exit 3'], { stdio: 'ignore' });
child.on('exit', (code) => {
  log(`exit ${code}`);
  setTimeout(() => log('timer'), 1);
  setImmediate(() => log('immediate'));
  process.nextTick(() => log('tick'));
  pass(5);
});
log('main');
