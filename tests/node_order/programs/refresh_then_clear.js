let n = 0;
const a = setTimeout(() => {
  log(`a ${++n}`);
  if (n === 3) return;
  a.refresh();
  clearTimeout(a);
}, 2);
setTimeout(() => log('b'), 40);
