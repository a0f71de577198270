const fs = require('fs');
const path = `${process.env.SCRATCH}/a`;
fs.writeFile(path, 'some text', (error) => {
  log(`written: ${error === null}`);
  fs.readFile(path, 'utf8', (error, text) => {
    log(`read: ${text}`);
    fs.unlink(path, () => {
      log('gone');
      fs.stat(path, (error) => log(error.code));
    });
  });
});
log('main');
