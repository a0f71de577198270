const net = require('net');
const server = net.createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('data', (text) => log(`server: data ${text}`));
  socket.on('end', () => {
    log('server: end');
    setTimeout(() => socket.end('late'), 5);
  });
  socket.on('close', () => server.close());
});
server.listen(0, '127.0.0.1', () => {
  const client = net.connect(server.address().port, '127.0.0.1');
  client.end('hi');
  client.on('data', (text) => log(`client: data ${text}`));
});
