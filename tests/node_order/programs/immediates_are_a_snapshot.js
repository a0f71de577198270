setImmediate(() => {
  log('a');
  setImmediate(() => {
    log('a of a');
    setImmediate(() => log('a of a of a'));
  });
});
setImmediate(() => {
  log('b');
  setImmediate(() => log('b of b'));
});
