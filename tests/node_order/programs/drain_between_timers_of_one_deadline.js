for (const name of ['a', 'b', 'c']) {
  setTimeout(() => {
    log(name);
    queueMicrotask(() => log(`microtask of ${name}`));
    process.nextTick(() => log(`tick of ${name}`));
  }, 3);
}
pass(10);
