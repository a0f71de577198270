process.on('exit', (code) => log(`exit ${code}`));
setTimeout(() => {
  log('timer');
  queueMicrotask(() => {
    log('microtask');
    process.exit(4);
  });
  queueMicrotask(() => log('never: microtask'));
}, 3);
setTimeout(() => log('never: timer'), 3);
pass(10);
