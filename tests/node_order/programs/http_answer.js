const http = require('http');
const net = require('net');
const server = net.createServer((socket) => {
  socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello'));
  server.close();
});
server.listen(0, '127.0.0.1', () => {
  http.get({ port: server.address().port, host: '127.0.0.1', agent: false }, (answer) => {
    log(`response ${answer.statusCode}`);
    process.nextTick(() => log('tick of response'));
    setImmediate(() => log('immediate of response'));
    answer.on('data', (text) => log(`data ${text}`));
    answer.on('end', () => {
      log('end');
      process.nextTick(() => log('tick of end'));
      setImmediate(() => log('immediate of end'));
    });
  });
  log('called');
});
