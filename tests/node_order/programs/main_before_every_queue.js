setTimeout(() => log('timer'), 1);
setImmediate(() => log('immediate'));
queueMicrotask(() => log('microtask'));
process.nextTick(() => log('tick'));
pass(5);
log('main');
