queueMicrotask(() => {
  log('microtask');
  setTimeout(() => log('3 ms after main'), 3);
  pass(350);
});
setTimeout(() => log('300 ms'), 300);
setImmediate(() => log('immediate'));
