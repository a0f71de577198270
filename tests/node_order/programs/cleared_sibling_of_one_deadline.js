let b;
setTimeout(() => {
  log('a');
  clearTimeout(b);
}, 3);
b = setTimeout(() => log('b'), 3);
setTimeout(() => log('c'), 3);
pass(10);
