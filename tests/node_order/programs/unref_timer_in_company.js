setTimeout(() => log('unref, 10 ms'), 10).unref();
setTimeout(() => log('ref, 40 ms'), 40);
setTimeout(() => log('never'), 1000).unref();
