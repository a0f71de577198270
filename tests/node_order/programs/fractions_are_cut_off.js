setTimeout(() => log('5.9'), 5.9);
setTimeout(() => log('5'), 5);
setTimeout(() => log('5.1'), 5.1);
pass(15);
