const http = require('http');
const net = require('net');
const server = net.createServer((socket) => {
  let text = '';
  socket.on('data', (piece) => {
    text += piece;
    if (text.endsWith('ab')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nthanks');
  });
  server.close();
});
server.listen(0, '127.0.0.1', () => {
  const to = { port: server.address().port, host: '127.0.0.1', method: 'POST', agent: false };
  const request = http.request({ ...to, headers: { 'Content-Length': 2 } }, (answer) => {
    let text = '';
    answer.on('data', (piece) => text += piece);
    answer.on('end', () => log(`answer ${text}`));
  });
  request.on('finish', () => log('finish'));
  request.on('close', () => log('close'));
  request.write('a', () => log('written a'));
  setTimeout(() => request.end('b'), 50);
});
