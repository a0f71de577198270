const fs = require('fs');
const path = `${process.env.SCRATCH}/a`;
const stream = fs.createWriteStream(path);
stream.on('finish', () => {
  log('finish');
  process.nextTick(() => log('tick'));
  setImmediate(() => log('immediate'));
});
stream.on('close', () => log(`close ${fs.readFileSync(path)}`));
stream.write('a', () => log('written a'));
stream.write('b', () => log('written b'));
stream.end('c');
log('main');
