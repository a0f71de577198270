let b;
let d;
setImmediate(() => {
  log('a');
  clearImmediate(b);
  process.nextTick(() => clearImmediate(d));
});
b = setImmediate(() => log('b'));
setImmediate(() => log('c'));
d = setImmediate(() => log('d'));
setImmediate(() => log('e'));
