const net = require('net');
const server = net.createServer().listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  server.close(() => {
    const client = net.connect(port, '127.0.0.1');
    client.on('connect', () => log('never: connect'));
    client.on('error', (error) => {
      log(error.code);
      process.nextTick(() => log('tick'));
    });
    client.on('close', (failed) => log(`close ${failed}`));
    log('called');
  });
});
