process.on('SIGUSR2', () => log('never'));
process.on('exit', (code) => log(`exit ${code}`));
setTimeout(() => log('timer'), 5);
