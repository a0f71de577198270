const { spawn } = require('child_process');
const child = spawn('/bin/cat');
child.stdout.on('data', (text) => {
  log(`data ${text}`);
  child.stdin.end();
});
child.stdout.on('end', () => log('end'));
child.on('close', () => log('close'));
child.stdin.write('hello');
