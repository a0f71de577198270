const http = require('http');
const net = require('net');
const server = net.createServer((socket) => {
  socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nhello'));
  socket.on('close', () => log('server: close'));
  socket.on('error', () => {});
  server.close();
});
server.listen(0, '127.0.0.1', () => {
  http.get({ port: server.address().port, host: '127.0.0.1', agent: false }, (answer) => {
    answer.on('data', (text) => {
      log(`data ${text}`);
      answer.destroy();
    });
    answer.on('end', () => log('never: end'));
    answer.on('close', () => log('close'));
  });
});
