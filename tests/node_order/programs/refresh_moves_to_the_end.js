const a = setTimeout(() => log('a'), 5);
setTimeout(() => log('b'), 5);
a.refresh();
