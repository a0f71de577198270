const far = setTimeout(() => log('never'), 2 ** 31 - 1);
setTimeout(() => {
  log('timer');
  clearTimeout(far);
}, 5);
