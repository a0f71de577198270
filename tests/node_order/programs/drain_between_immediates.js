for (const name of ['a', 'b', 'c']) {
  setImmediate(() => {
    log(name);
    queueMicrotask(() => log(`microtask of ${name}`));
    process.nextTick(() => log(`tick of ${name}`));
  });
}
