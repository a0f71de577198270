const net = require('net');
const server = net.createServer((socket) => socket.resume());
server.listen(0, '127.0.0.1', () => {
  const client = net.connect(server.address().port, '127.0.0.1');
  client.on('connect', () => {
    server.close();
    client.on('close', () => log('close'));
    setImmediate(() => {
      log('immediate 1');
      client.destroy();
      setImmediate(() => log('immediate 2'));
    });
  });
});
