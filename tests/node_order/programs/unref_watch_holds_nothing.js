const fs = require('fs');
const watcher = fs.watch(process.env.SCRATCH, () => log('never'));
watcher.unref();
process.on('exit', (code) => log(`exit ${code}`));
setTimeout(() => log('timer'), 5);
