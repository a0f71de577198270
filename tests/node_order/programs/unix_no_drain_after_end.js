const net = require('net');
const path = `${process.env.SCRATCH}/socket`;
const server = net.createServer((socket) => {
  socket.resume();
  server.close();
});
server.listen(path, () => {
  const client = net.connect(path);
  client.on('connect', () => {
    client.write('x'.repeat(4 << 20), () => log('sent'));
    client.end();
  });
  client.on('drain', () => log('never: drain'));
  client.resume();
  client.on('close', () => log('close'));
});
