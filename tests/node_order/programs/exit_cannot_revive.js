process.on('exit', (code) => {
  log(`exit ${code}`);
  process.nextTick(() => log('never: tick'));
  setTimeout(() => log('never: timer'), 0);
  setImmediate(() => log('never: immediate'));
});
setTimeout(() => log('timer'), 1);
