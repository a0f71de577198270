const net = require('net');
const size = 4 << 20;
const server = net.createServer((socket) => {
  socket.resume();
  socket.end('x'.repeat(size));
  server.close();
});
server.listen(0, '127.0.0.1', () => {
  const client = net.connect(server.address().port, '127.0.0.1');
  let got = 0;
  client.on('data', (bytes) => (got += bytes.length));
  client.on('end', () => log(`got all: ${got === size}`));
  client.on('close', () => log('client closed'));
});
