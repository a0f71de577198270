const { spawn } = require('child_process');
const child = spawn('/nowhere/to/be/found');
child.on('error', (error) => log(error.code));
log('main');
