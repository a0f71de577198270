const net = require('net');
const path = `${process.env.SCRATCH}/socket`;
const server = net.createServer((socket) => {
  socket.end('hello');
  socket.resume();
});
server.listen(path, () => {
  const client = net.connect(path);
  client.on('connect', () => log('connect'));
  client.on('data', (text) => log(`data ${text}`));
  client.on('end', () => log('end'));
  client.on('close', () => {
    log('close');
    server.close();
  });
});
