const http = require('http');
const net = require('net');
const server = net.createServer((socket) => {
  socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello'));
  server.close();
});
server.listen(0, '127.0.0.1', () => {
  http.get({ port: server.address().port, host: '127.0.0.1', agent: false }, (answer) => {
    log('response');
    setTimeout(() => log('timer'), 1);
    setImmediate(() => log('immediate'));
    process.nextTick(() => log('tick'));
    answer.resume();
    pass(5);
  });
});
