process.on('exit', (code) => {
  log(`exit 1: ${code}`);
  process.exit(9);
});
process.on('exit', (code) => log(`never: exit 2: ${code}`));
setTimeout(() => log('timer'), 1);
