// Node's fetch() sends bodies as it produces them, while it reads the answer: many at once, each its own.
import { createHash, randomBytes } from 'node:crypto';
import { check, with_server } from './serve.mjs';

const uploads = 24;
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

async function* in_pieces(bytes) {
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + ((at * 31) % 70_000);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

await with_server({}, async (url) => {
  const bodies = Array.from({ length: uploads }, (_, i) => randomBytes(1 + i * 60_000));
  const send = (body) => fetch(`${url}/echo`, { method: 'PUT', body, duplex: 'half' });
  await Promise.all(bodies.map(async (body, i) => {
    const whole = await send(body);
    check(`upload ${i} with a length`, [whole.status, digest(Buffer.from(await whole.arrayBuffer()))],
      [200, digest(body)]);
    const pieces = await send(in_pieces(body));
    check(`upload ${i} in chunks`, [pieces.status, digest(Buffer.from(await pieces.arrayBuffer()))],
      [200, digest(body)]);
  }));
  const counted = await fetch(`${url}/count`, { method: 'POST', body: bodies.at(-1) });
  check('the size', await counted.text(), String(bodies.at(-1).length));
  check('another method', (await fetch(`${url}/echo`)).status, 405);
}, () => []);
