process.nextTick(() => {
  log('tick 1');
  queueMicrotask(() => log('microtask of tick 1'));
  process.nextTick(() => log('tick of tick 1'));
});
queueMicrotask(() => {
  log('microtask 1');
  process.nextTick(() => log('tick of microtask 1'));
  queueMicrotask(() => log('microtask of microtask 1'));
});
process.nextTick(() => log('tick 2'));
queueMicrotask(() => log('microtask 2'));
