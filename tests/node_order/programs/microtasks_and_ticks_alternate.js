let rounds = 0;
const tick = () => {
  log(`tick ${rounds}`);
  queueMicrotask(microtask);
};
const microtask = () => {
  log(`microtask ${rounds}`);
  if (++rounds < 4) process.nextTick(tick);
};
setImmediate(() => log('immediate'));
process.nextTick(tick);
