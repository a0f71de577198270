const net = require('net');
const server = net.createServer((socket) => {
  socket.on('data', (text) => socket.write(text));
});
server.listen(0, '127.0.0.1', () => {
  const client = net.connect(server.address().port, '127.0.0.1');
  let n = 0;
  client.on('connect', () => client.write(`${n}`));
  client.on('data', (text) => {
    log(`data ${text}`);
    if (++n < 5) return client.write(`${n}`);
    client.end();
    server.close();
  });
  client.on('end', () => log('end'));
  client.on('close', () => log('close'));
});
