const fs = require('fs');
const folder = process.env.SCRATCH;
const watcher = fs.watch(folder, (kind, name) => {
  log(`${kind} ${name}`);
  setTimeout(() => log('timer'), 1);
  setImmediate(() => log('immediate'));
  process.nextTick(() => log('tick'));
  watcher.close();
  pass(5);
});
fs.mkdirSync(`${folder}/a`);
log('main');
