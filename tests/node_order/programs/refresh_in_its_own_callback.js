let n = 0;
const a = setTimeout(() => {
  log(`a ${++n}`);
  if (n < 3) a.refresh();
}, 5);
setTimeout(() => log('b'), 5);
