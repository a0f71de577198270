setTimeout(() => log('120 ms'), 120);
pass(20);
setTimeout(() => log('20 ms after 20'), 20);
