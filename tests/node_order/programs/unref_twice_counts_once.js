const a = setTimeout(() => log('a'), 5);
const b = setTimeout(() => log('never'), 1000);
b.unref();
b.unref();
a.ref();
a.ref();
process.on('exit', (code) => log(`exit ${code}`));
