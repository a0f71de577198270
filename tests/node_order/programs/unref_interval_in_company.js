let n = 0;
const interval = setInterval(() => {
  if (++n === 1) log('the interval was there');
}, 5);
interval.unref();
setTimeout(() => log('timer'), 60);
process.on('exit', (code) => log(`exit ${code}`));
