let n = 0;
const a = setTimeout(() => {
  log(`a ${++n}`);
  if (n === 3) return;
  clearTimeout(a);
  a.refresh();
}, 2);
setTimeout(() => log('b'), 40);
