setTimeout(() => log('never'), 1000).unref();
process.on('beforeExit', () => log('before exit'));
process.on('exit', (code) => log(`exit ${code}`));
