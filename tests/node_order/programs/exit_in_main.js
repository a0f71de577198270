process.on('exit', (code) => log(`exit ${code}`));
setTimeout(() => log('never: timer'), 1);
process.nextTick(() => log('never: tick'));
log('main');
process.exit(7);
