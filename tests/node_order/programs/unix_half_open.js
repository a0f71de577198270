const net = require('net');
const path = `${process.env.SCRATCH}/socket`;
const server = net.createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('data', (text) => log(`server: data ${text}`));
  socket.on('end', () => {
    log('server: end');
    setImmediate(() => socket.end('late'));
  });
  socket.on('close', () => server.close());
});
server.listen(path, () => {
  const client = net.connect(path);
  client.end('hi');
  client.on('data', (text) => log(`client: data ${text}`));
  client.on('end', () => log('client: end'));
});
