const hold = setTimeout(() => log('never: timer'), 5000);
const late = () => {
  log('late');
  clearTimeout(hold);
};
let told = 0;
process.on('SIGUSR2', () => {
  log('a');
  if (++told > 1) return;
  process.on('SIGUSR2', late);
  setTimeout(() => process.kill(process.pid, 'SIGUSR2'), 1);
});
process.on('SIGUSR2', () => log('b'));
process.kill(process.pid, 'SIGUSR2');
