const { spawn } = require('child_process');
const child = spawn('/bin/sh', ['-c', 'echo hello']);
child.stdout.on('data', (text) => log(`data ${text}`.trim()));
child.stdout.on('end', () => log('end'));
child.on('close', () => log('close'));
