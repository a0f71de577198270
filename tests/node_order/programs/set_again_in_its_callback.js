let left = 4;
const again = () => {
  log(`left: ${--left}`);
  if (left > 0) setTimeout(again, 2);
};
setTimeout(again, 2);
