setTimeout(() => log('20 ms from the start'), 20);
pass(30);
setTimeout(() => log('5 ms after 30'), 5);
pass(20);
