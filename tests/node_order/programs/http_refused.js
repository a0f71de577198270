const http = require('http');
const net = require('net');
const server = net.createServer();
server.listen(0, '127.0.0.1', () => {
  const port = server.address().port;
  server.close(() => {
    const request = http.get({ port, host: '127.0.0.1', agent: false }, () => log('never: response'));
    request.on('error', (error) => {
      log(error.code);
      process.nextTick(() => log('tick'));
    });
    request.on('close', () => log('close'));
    log('called');
  });
});
