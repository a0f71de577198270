process.on('beforeExit', () => log('before exit'));
process.on('exit', (code) => log(`exit ${code}`));
queueMicrotask(() => log('microtask'));
process.nextTick(() => log('tick'));
