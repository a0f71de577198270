const { spawn } = require('child_process');
const child = spawn('/bin/sh', ['-c', 'exit 3'], { stdio: 'ignore' });
child.on('spawn', () => log('spawn'));
child.on('exit', (code) => log(`exit ${code}`));
child.on('close', () => log('close'));
log('main');
