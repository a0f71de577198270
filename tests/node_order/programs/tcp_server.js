const net = require('net');
const server = net.createServer((socket) => {
  log('connection');
  socket.on('data', (text) => {
    log(`data ${text}`);
    socket.write('hello');
  });
  socket.on('end', () => log('end'));
  socket.on('close', () => {
    log('close');
    server.close();
  });
});
server.listen(0, '127.0.0.1', () => {
  const client = net.connect(server.address().port, '127.0.0.1');
  client.write('hi');
  client.on('data', () => client.end());
});
server.on('close', () => log('server closed'));
