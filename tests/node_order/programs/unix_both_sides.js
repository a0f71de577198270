const net = require('net');
const path = `${process.env.SCRATCH}/socket`;
const server = net.createServer((socket) => {
  socket.resume();
  socket.on('end', () => log('server: end'));
  socket.on('close', () => {
    log('server: close');
    server.close();
  });
});
server.listen(path, () => {
  const client = net.connect(path, () => {
    log('connect');
    process.nextTick(() => log('tick'));
    setImmediate(() => log('immediate'));
    client.end('hello');
  });
  client.resume();
  client.on('close', () => log('client: close'));
  log('called');
});
