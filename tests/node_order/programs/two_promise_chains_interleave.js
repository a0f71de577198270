const chain = async (name) => {
  for (let i = 1; i <= 3; ++i) {
    await null;
    log(`${name} ${i}`);
  }
};
setImmediate(() => {
  chain('a');
  chain('b');
  process.nextTick(() => log('tick'));
});
