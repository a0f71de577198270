const fs = require('fs');
const stream = fs.createWriteStream('/nowhere/to/be/found');
stream.on('error', (error) => log(error.code));
stream.on('finish', () => log('never: finish'));
stream.on('close', () => log('close'));
stream.write('a', (error) => log(`written: ${error.code}`));
log('main');
