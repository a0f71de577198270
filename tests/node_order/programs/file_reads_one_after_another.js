const fs = require('fs');
fs.readFile(__filename, (error, text) => {
  log(`first: ${!error && text.length > 0}`);
  fs.readFile(__filename, () => {
    log('second');
    fs.stat(__filename, (error, found) => log(`stat: ${found.isFile()}`));
  });
});
