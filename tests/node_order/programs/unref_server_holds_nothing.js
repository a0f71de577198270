const net = require('net');
process.on('exit', (code) => log(`exit ${code}`));
const server = net.createServer().listen(0, '127.0.0.1', () => {
  setTimeout(() => log('timer'), 5);
  server.unref();
});
