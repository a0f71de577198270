const fs = require('fs');
const stream = fs.createWriteStream(`${process.env.SCRATCH}/a`);
stream.on('finish', () => log('never: finish'));
stream.on('error', () => log('never: error'));
stream.on('close', () => log('close'));
stream.write('a', () => {
  log('written a');
  stream.destroy();
});
log('main');
