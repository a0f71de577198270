let b;
setTimeout(() => {
  log('a');
  clearTimeout(b);
}, 3);
b = setTimeout(() => log('b'), 5);
setTimeout(() => log('c'), 7);
pass(15);
