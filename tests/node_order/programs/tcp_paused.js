const net = require('net');
const server = net.createServer((socket) => socket.end('hello'));
server.listen(0, '127.0.0.1', () => {
  const client = net.connect(server.address().port, '127.0.0.1');
  client.on('data', (text) => log(`data ${text}`));
  client.on('end', () => log('end'));
  client.on('close', () => {
    log('close');
    server.close();
  });
  client.pause();
  setTimeout(() => {
    log('resume');
    client.resume();
  }, 50);
});
