const http = require('http');
const net = require('net');
const server = net.createServer((socket) => {
  socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello'));
  server.close();
});
server.listen(0, '127.0.0.1', () => {
  http.get({ port: server.address().port, host: '127.0.0.1', agent: false }, (answer) => {
    log('response');
    setTimeout(() => {
      log('listening');
      answer.on('data', (text) => log(`data ${text}`));
      answer.on('end', () => log('end'));
      answer.on('close', () => log('close'));
    }, 50);
  });
});
