const net = require('net');
const path = `${process.env.SCRATCH}/socket`;
const server = net.createServer((socket) => socket.resume());
server.listen(path, () => {
  const client = net.connect(path);
  client.on('connect', () => {
    const more = client.write('x'.repeat(4 << 20), () => log('sent'));
    log(`more: ${more}`);
  });
  client.on('drain', () => {
    log('drain');
    client.end();
    server.close();
  });
  client.resume();
  client.on('close', () => log('close'));
});
