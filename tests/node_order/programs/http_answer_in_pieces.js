const http = require('http');
const net = require('net');
const server = net.createServer((socket) => {
  socket.once('data', () => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\none');
    setTimeout(() => socket.end('two'), 50);
  });
  server.close();
});
server.listen(0, '127.0.0.1', () => {
  http.get({ port: server.address().port, host: '127.0.0.1', agent: false }, (answer) => {
    log('response');
    answer.on('data', (text) => log(`data ${text}`));
    answer.on('end', () => log('end'));
    answer.on('close', () => log('close'));
  });
});
