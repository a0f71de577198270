let b;
setTimeout(() => {
  log('a');
  b.refresh();
  setImmediate(() => log('immediate'));
}, 3);
b = setTimeout(() => log('b'), 20);
setTimeout(() => log('c'), 25);
pass(50);
