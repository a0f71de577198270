const net = require('net');
const server = net.createServer((socket) => socket.resume());
server.listen(0, '127.0.0.1', () => {
  const client = net.connect(server.address().port, '127.0.0.1');
  client.on('connect', () => {
    for (const text of ['a', 'b', 'c']) client.write(text, () => log(`sent ${text}`));
    client.end();
    server.close();
  });
  client.resume();
  client.on('end', () => log('end'));
  client.on('close', () => log('close'));
});
