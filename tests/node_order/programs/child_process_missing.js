const { spawn } = require('child_process');
const child = spawn('/nowhere/to/be/found');
child.on('error', (error) => log(error.code));
child.on('exit', () => log('never: exit'));
log('main');
