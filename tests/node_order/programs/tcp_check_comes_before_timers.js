const net = require('net');
const server = net.createServer((socket) => socket.end('hello'));
server.listen(0, '127.0.0.1', () => {
  const client = net.connect(server.address().port, '127.0.0.1');
  client.on('data', () => {
    log('data');
    setTimeout(() => log('timer'), 1);
    setImmediate(() => log('immediate'));
    process.nextTick(() => log('tick'));
    server.close();
    client.destroy();
    pass(5);
  });
});
