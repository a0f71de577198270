for (const ms of [2, 4, 6]) {
  setTimeout(() => {
    log(ms);
    queueMicrotask(() => log(`microtask of ${ms}`));
    process.nextTick(() => log(`tick of ${ms}`));
  }, ms);
}
pass(15);
