const fs = require('fs');
const from = `${process.env.SCRATCH}/a`;
const path = `${process.env.SCRATCH}/b`;
fs.writeFileSync(from, 'x'.repeat(200000));
const stream = fs.createWriteStream(path);
const read = fs.createReadStream(from);
let paused = 0;
read.on('data', (piece) => {
  if (stream.write(piece)) return;
  paused = 1;
  read.pause();
});
stream.on('drain', () => read.resume());
read.on('end', () => {
  log(`end, has paused: ${paused}`);
  stream.end();
});
stream.on('finish', () => log(`finish ${fs.statSync(path).size}`));
stream.on('close', () => log('close'));
