setImmediate(() => log('never')).unref();
process.on('exit', (code) => log(`exit ${code}`));
