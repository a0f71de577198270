const net = require('net');
const client = net.connect('/nowhere/to/be/found');
client.on('connect', () => log('never: connect'));
client.on('error', (error) => {
  log(error.code);
  process.nextTick(() => log('tick'));
});
client.on('close', (failed) => log(`close ${failed}`));
setImmediate(() => log('immediate'));
process.nextTick(() => log('tick of main'));
log('main');
