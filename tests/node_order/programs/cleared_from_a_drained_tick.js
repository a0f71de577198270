let b;
let c;
setTimeout(() => {
  log('a');
  process.nextTick(() => clearTimeout(b));
  queueMicrotask(() => clearTimeout(c));
}, 3);
b = setTimeout(() => log('b'), 3);
c = setTimeout(() => log('c'), 5);
setTimeout(() => log('d'), 7);
pass(15);
