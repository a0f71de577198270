const net = require('net');
const server = net.createServer((socket) => socket.resume());
server.listen(0, '127.0.0.1', () => {
  const client = net.connect(server.address().port, '127.0.0.1');
  client.on('connect', () => {
    log('connect');
    server.close();
    client.on('close', () => {
      log('close');
      process.nextTick(() => log('tick'));
      setImmediate(() => log('immediate of close'));
    });
    setTimeout(() => log('timer'), 1);
    setImmediate(() => log('immediate'));
    client.destroy();
    pass(5);
  });
});
