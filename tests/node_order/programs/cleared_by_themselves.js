const timer = setTimeout(() => {
  log('timer');
  clearTimeout(timer);
  clearTimeout(timer);
}, 1);
const immediate = setImmediate(() => {
  log('immediate');
  clearImmediate(immediate);
  clearTimeout(timer);
});
pass(5);
