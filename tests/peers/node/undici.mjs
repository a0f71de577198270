// Node's own HTTP client: fetch() over connections that stay open, and undici's pipelining, whose strict parser
// (llhttp) meets every head that the server writes.
import { createRequire } from 'node:module';
import { check, skip, with_server } from './serve.mjs';

let undici;
try {
  undici = createRequire(import.meta.url)('undici'); // by NODE_PATH: Debian's own;
} catch {
  skip('no undici here; tests/peers/packages.txt says what brings it');
}

const big = Buffer.alloc(2_000_000, 'abcdefghijklm');
const requests = 200;

async function text_of(dispatcher, path, options = {}) {
  const answer = await dispatcher.request({ path, method: 'GET', ...options });
  return [answer.statusCode, await answer.body.text()];
}
function counted(dispatcher) {
  let connections = 0;
  dispatcher.on('connect', () => (connections += 1));
  return () => connections;
}

await with_server({ 'hello.txt': 'hello\n', big, dir: null }, async (url) => {
  // fetch() as everybody calls it.
  const page = await fetch(`${url}/`);
  check('the page', [page.status, page.headers.get('content-type')], [200, 'text/html; charset=utf-8']);
  check('it names the file', (await page.text()).includes('hello.txt'), true);
  check('a redirect is followed', (await fetch(`${url}/dir`)).url, `${url}/dir/`);
  const head = await fetch(`${url}/big`, { method: 'HEAD' });
  check('HEAD', [head.status, head.headers.get('content-length'), await head.text()], [200, '2000000', '']);
  check('a large body', Buffer.from(await (await fetch(`${url}/big`)).arrayBuffer()).equals(big), true);

  // One connection, one request after another.
  const one = new undici.Client(url);
  const reused = counted(one);
  for (let i = 0; i < requests; i += 1)
    check(`request ${i}`, await text_of(one, '/hello.txt'), [200, 'hello\n']);
  check('connections for them', reused(), 1);
  await one.close();

  // One connection, 16 requests on their way at any time; answers of every kind in order.
  const line = new undici.Client(url, { pipelining: 16 });
  const pipelined = counted(line);
  const kinds = [
    ['/hello.txt', 200, (t) => t === 'hello\n'],
    ['/nothing', 404, (t) => t.includes('404')],
    ['/dir/', 200, (t) => t.includes('empty')],
    ['/big', 200, (t) => t.length === big.length],
    ['/dir', 301, () => true],
  ];
  await Promise.all(
    Array.from({ length: requests }, async (_, i) => {
      const [path, status, is_right] = kinds[i % kinds.length];
      const [code, text] = await text_of(line, path);
      check(`pipelined ${i}, ${path}`, [code, is_right(text)], [status, true]);
    }));
  check('connections for the pipelined', pipelined(), 1);
  await line.close();

  // Uploads that nobody wants: with a length, and in chunks. The connection goes on.
  const posting = new undici.Client(url);
  const posts = counted(posting);
  check('POST', (await text_of(posting, '/hello.txt', { method: 'POST', body: 'x'.repeat(100_000) }))[0], 405);
  async function* pieces() {
    for (let i = 0; i < 50; i += 1) yield `piece ${i}`;
  }
  check('a chunked POST', (await text_of(posting, '/', { method: 'POST', body: pieces() }))[0], 405);
  check('after them', await text_of(posting, '/hello.txt'), [200, 'hello\n']);
  check('connections for them', posts(), 1);
  await posting.close();

  // Who goes away in the middle of a large answer takes nothing along.
  const gone = new undici.Client(url);
  for (let i = 0; i < 20; i += 1) {
    const { body } = await gone.request({ path: '/big', method: 'GET' });
    body.on('error', () => {}).destroy();
  }
  check('after 20 that were cut', await text_of(gone, '/hello.txt'), [200, 'hello\n']);
  await gone.destroy();
});
