const net = require('net');
process.on('exit', (code) => log(`exit ${code}`));
const server = net.createServer((socket) => {
  socket.on('data', () => {
    log('data');
    socket.unref();
    server.unref();
    client.unref();
  });
  socket.on('close', () => log('never: close'));
});
let client;
server.listen(0, '127.0.0.1', () => {
  client = net.connect(server.address().port, '127.0.0.1');
  client.write('hello');
  client.on('close', () => log('never: close'));
});
