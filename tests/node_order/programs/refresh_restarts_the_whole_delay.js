const a = setTimeout(() => log('200 ms, refreshed at 100'), 200);
setTimeout(() => a.refresh(), 100);
setTimeout(() => log('250 ms'), 250);
