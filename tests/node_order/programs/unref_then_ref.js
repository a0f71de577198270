const timer = setTimeout(() => log('timer'), 10);
timer.unref();
timer.ref();
process.on('exit', (code) => log(`exit ${code}`));
