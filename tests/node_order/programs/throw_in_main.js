process.on('uncaughtException', (error) => log(`caught ${error.message}`));
process.on('exit', (code) => log(`exit ${code}`));
setTimeout(() => log('timer'), 1);
setImmediate(() => log('immediate'));
process.nextTick(() => log('tick'));
pass(5);
throw new Error('of main');
