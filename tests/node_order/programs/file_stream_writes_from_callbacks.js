const fs = require('fs');
const path = `${process.env.SCRATCH}/a`;
const stream = fs.createWriteStream(path);
let n = 0;
const more = () => {
  if (++n > 3) {
    stream.end();
    return;
  }
  stream.write(`${n}`, () => {
    log(`written ${n}`);
    more();
  });
};
stream.on('finish', () => log('finish'));
stream.on('close', () => log(`close ${fs.readFileSync(path)}`));
more();
