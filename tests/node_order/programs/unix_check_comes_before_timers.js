const net = require('net');
const path = `${process.env.SCRATCH}/socket`;
const server = net.createServer((socket) => socket.end('hello'));
server.listen(path, () => {
  const client = net.connect(path);
  client.on('data', () => {
    log('data');
    setTimeout(() => log('timer'), 1);
    setImmediate(() => log('immediate'));
    process.nextTick(() => log('tick'));
    server.close();
    client.destroy();
    pass(5);
  });
});
