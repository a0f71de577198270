queueMicrotask(() => {
  log('microtask');
  setTimeout(() => log('3 ms after main'), 3);
  pass(150);
});
setTimeout(() => log('100 ms'), 100);
setImmediate(() => log('immediate'));
