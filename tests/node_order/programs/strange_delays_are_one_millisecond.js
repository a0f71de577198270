setTimeout(() => log('0'), 0);
setTimeout(() => log('1'), 1);
setTimeout(() => log('-5'), -5);
setTimeout(() => log('2^31'), 2 ** 31);
setTimeout(() => log('NaN'), NaN);
setTimeout(() => log('0.5'), 0.5);
setTimeout(() => log('1.9'), 1.9);
setTimeout(() => log('1 again'), 1);
pass(10);
