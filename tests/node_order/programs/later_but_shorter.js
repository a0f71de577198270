setTimeout(() => log('300 ms'), 300);
pass(20);
setTimeout(() => log('20 ms after 20'), 20);
