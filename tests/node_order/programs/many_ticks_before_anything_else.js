let left = 1000;
const tick = () => {
  if (--left > 0) process.nextTick(tick);
  else log('the last tick');
};
setTimeout(() => log('timer'), 1);
setImmediate(() => log('immediate'));
process.nextTick(tick);
pass(5);
