const immediate = setImmediate(() => log('immediate'));
immediate.unref();
immediate.ref();
setImmediate(() => log('unref immediate')).unref();
