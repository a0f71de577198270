const net = require('net');
const path = `${process.env.SCRATCH}/socket`;
const server = net.createServer((socket) => socket.on('data', (text) => socket.write(text)));
server.listen(path, () => {
  const client = net.connect(path);
  let n = 0;
  client.on('connect', () => client.write(`${n}`));
  client.on('data', (text) => {
    log(`data ${text}`);
    setImmediate(() => log(`immediate ${n}`));
    if (++n < 4) {
      client.write(`${n}`);
      return;
    }
    client.end();
    server.close();
  });
  client.on('close', () => log('close'));
});
