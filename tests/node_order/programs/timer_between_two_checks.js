setImmediate(() => {
  log('immediate 1');
  setTimeout(() => log('timer'), 1);
  setImmediate(() => log('immediate 2'));
  pass(5);
});
