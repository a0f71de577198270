const late = setTimeout(() => log('never'), 1000);
setTimeout(() => {
  log('timer');
  late.unref();
}, 5);
process.on('exit', (code) => log(`exit ${code}`));
