let done = false;
let rounds = 0;
const again = () => {
  ++rounds;
  if (!done) setImmediate(again);
  else log(`rounds: ${rounds > 1 ? 'many' : rounds}`);
};
setTimeout(() => {
  log('timer');
  done = true;
}, 20);
setImmediate(again);
