const fs = require('fs');
const path = `${process.env.SCRATCH}/a`;
const stream = fs.createWriteStream(path, { highWaterMark: 4 });
log(`more: ${stream.write('ab', () => log('written ab'))}`);
log(`more: ${stream.write('cdefg', () => log('written cdefg'))}`);
stream.on('drain', () => {
  log(`drain ${stream.writableLength}`);
  stream.end();
});
stream.on('finish', () => log('finish'));
stream.on('close', () => log(`close ${fs.readFileSync(path)}`));
