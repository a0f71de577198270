// Chromium on the directory page: every link opens what it names, whatever its name is; the page has no way out and
// nothing to complain of; how it looks is kept as pictures, light and dark, wide and on a phone.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { browser } from './devtools.mjs';
import { check, skip, with_server } from './serve.mjs';

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
if (!program) skip('no Chromium here; tests/peers/packages.txt says what brings it');
const [, , , reactor, pictures] = process.argv;  // pictures: the folder for screenshots

// A browser shows text/plain as one <pre>: names end in .txt so that it shows them.
const names = [
  '<script>document.title="run"<.txt', `quo"te's & 100% #1?.txt`, 'größe 日本 🙂.txt', ' two  spaces .txt',
  'a+b=c;d,e@f!$()*.txt', 'javascript:alert(1).txt', '%2e%2e%2fsecret.txt', '\u202Egnp.txt',
  'x'.repeat(240) + '.txt', '-rf.txt', '&amp;.txt',
];
const unlisted = ['back\\slash.txt', 'tab\tand\nline.txt', '.hidden.txt'];  // what no target reaches
const files = { docs: null, 'deep & <b>bold': null, 'README.md': '# read me\n', 'picture.svg':
  '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>parent.document.title="run"</script></svg>' };
for (const name of [...names, ...unlisted]) files[name] = `this is ${name}`;
for (let i = 1; i <= 12; i += 1) files[`chapter ${i}.txt`] = 'text '.repeat(i * i * 40);

await with_server(files, async (url, work) => {
  const b = await browser.start(program, join(work, 'profile'));
  await b.go(`${url}/`);
  check('the title', typeof (await b.value_of('document.title')), 'string');
  check('the links', await b.value_of('document.querySelectorAll("tbody a").length'), Object.keys(files).length - unlisted.length);

  for (const name of names) {
    await b.go(`${url}/`);
    await b.click_link(`/${name}`);
    check(`the file ${name}`, await b.value_of('document.body.innerText'), `this is ${name}`);
  }
  await b.go(`${url}/`);
  await b.click_link('/deep & <b>bold/');
  check('a folder', decodeURIComponent(await b.value_of('location.pathname')), '/deep & <b>bold/');
  await b.click_link('/');
  check('and up again', await b.value_of('location.pathname'), '/');

  // Sorting and filtering are links and a form, without a script.
  const shown = () => b.value_of('[...document.querySelectorAll("tbody a")].map((a) => a.textContent.trim())');
  await b.click_link('/?sort=size&order=desc');
  const largest = (await shown()).filter((name) => name.startsWith('chapter'));
  check('the largest first', largest.slice(0, 2), ['chapter 12.txt', 'chapter 11.txt']);
  await b.go(`${url}/`);
  await b.type_into('input[type=search]', 'ER 1');
  check('only what matches', await shown(), ['chapter 1.txt', 'chapter 10.txt', 'chapter 11.txt', 'chapter 12.txt']);
  await b.go(`${url}/`);
  await b.type_into('input[type=search]', '<script>');
  check('what was typed is text', [await shown(), await b.value_of('document.querySelector("input").value')],
    [[names[0]], '<script>']);

  // Nothing was run, nothing was loaded from elsewhere, and no script can be.
  check('no script of a name ran', await b.value_of('document.title === "run"'), false);
  check('elements that load or run', await b.value_of(
    'document.querySelectorAll("script, img, iframe, object, embed, link[href^=http], [onclick], [onerror]").length'), 0);
  check('what it loaded', await b.value_of('performance.getEntriesByType("resource").map((r) => r.name)'), []);
  check('it fits its window', await b.value_of(
    'document.documentElement.scrollWidth <= document.documentElement.clientWidth'), true);
  // Our pages carry their icon; beside a bare text file the browser asks for one by itself.
  check('complaints', b.complaints().filter((c) => !c.endsWith('/favicon.ico')), []);

  const looks = { wide: [1280, 860, 1, false], phone: [390, 844, 2, true] };
  if (pictures) mkdirSync(pictures, { recursive: true });
  for (const [look, [width, height, deviceScaleFactor, mobile]] of Object.entries(looks)) {
    await b.ask('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor, mobile });
    for (const scheme of ['light', 'dark']) {
      await b.ask('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
      for (const [page, path] of [['list', '/'], ['empty', '/docs/'], ['missing', '/nothing']]) {
        await b.go(`${url}${path}`);
        check(`${page} fits: ${look} ${scheme}`, await b.value_of(
          'document.documentElement.scrollWidth <= document.documentElement.clientWidth'), true);
        const picture = await b.screenshot();
        check(`${page} was drawn: ${look} ${scheme}`, picture.length > 2000, true);
        if (pictures) writeFileSync(join(pictures, `${page}-${look}-${scheme}-${reactor}.png`), picture);
      }
    }
  }
  await b.close();
});
