// A Chromium without a window, spoken to over the two pipes of its DevTools protocol: messages are JSON, each ended
// by a NUL. An automation library would bring a package manager, a lock file and a download for what is these lines.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
  '--no-proxy-server', '--remote-debugging-pipe'];

export class browser {
  #process; #to; #last = 0; #asked = new Map(); #heard = []; #waiting = [];

  static async start(program, profile) {
    const b = new browser();
    b.#process = spawn(program, [...flags, `--user-data-dir=${profile}`, 'about:blank'],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    process.on('exit', () => b.#process.kill('SIGKILL'));
    b.#process.on('exit', (code, signal) => b.#ended(code ?? signal));
    b.#to = b.#process.stdio[3];
    let rest = '';
    b.#process.stdio[4].setEncoding('utf8').on('data', (text) => {
      const messages = (rest + text).split('\0');
      rest = messages.pop();
      for (const m of messages) b.#hear(JSON.parse(m));
    });
    const { targetInfos } = await b.ask('Target.getTargets');
    const { targetId } = targetInfos.find((t) => t.type === 'page');
    b.session = (await b.ask('Target.attachToTarget', { targetId, flatten: true })).sessionId;
    for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'DOM']) await b.ask(`${domain}.enable`);
    return b;
  }
  ask(method, params = {}) {
    const id = (this.#last += 1);
    this.#to.write(JSON.stringify({ id, method, params, sessionId: this.session }) + '\0');
    return new Promise((done, failed) => this.#asked.set(id, { done, failed, method }));
  }
  #hear(m) {
    if (m.id) {
      const { done, failed, method } = this.#asked.get(m.id);
      this.#asked.delete(m.id);
      if (m.error) failed(new Error(`${method}: ${m.error.message}`));
      else done(m.result);
      return;
    }
    this.#heard.push(m);
    this.#waiting = this.#waiting.filter((w) => !(w.event === m.method && (w.done(m.params), true)));
  }
  #ended(how) {
    for (const { failed, method } of this.#asked.values()) failed(new Error(`${method}: the browser ended: ${how}`));
  }
  next(event) {
    return new Promise((done) => this.#waiting.push({ event, done }));
  }
  /// Everything that the page complained of: errors and warnings of the console, exceptions, what did not load.
  complaints() {
    const said = { 'Runtime.exceptionThrown': (p) => p.exceptionDetails.text,
      'Runtime.consoleAPICalled': (p) => p.type + ' ' + p.args.map((a) => a.value).join(' '),
      'Log.entryAdded': (p) => `${p.entry.level} ${p.entry.text} ${p.entry.url ?? ''}`,
      'Network.loadingFailed': (p) => p.errorText };
    return this.#heard.filter((m) => m.method in said).map((m) => said[m.method](m.params));
  }
  async go(url) {
    const loaded = this.next('Page.loadEventFired');
    const { errorText } = await this.ask('Page.navigate', { url });
    if (errorText) throw new Error(`${url}: ${errorText}`);
    await loaded;
  }
  async value_of(expression) {
    const { result, exceptionDetails } =
      await this.ask('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.text}`);
    return result.value;
  }
  /// Types into the element, as a person does, and waits for what Enter opens.
  async type_into(selector, text) {
    await this.value_of(`document.querySelector(${JSON.stringify(selector)}).focus()`);
    await this.ask('Input.insertText', { text });
    const loaded = this.next('Page.loadEventFired');
    for (const type of ['rawKeyDown', 'char', 'keyUp'])
      await this.ask('Input.dispatchKeyEvent', { type, key: 'Enter', code: 'Enter', text: '\r', windowsVirtualKeyCode: 13 });
    await loaded;
  }
  /// Presses the mouse in the middle of the link to that path and query, as a person does, and waits for what it opens.
  async click_link(path) {
    const middle = await this.value_of(`(() => {
      const link = [...document.links].find((a) => decodeURIComponent(a.pathname + a.search) === ${JSON.stringify(path)});
      if (!link) return null;
      link.scrollIntoView({ block: 'center', behavior: 'instant' });
      const box = link.getClientRects()[0];
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    })()`);
    if (!middle) throw new Error(`no link to ${path}`);
    const loaded = this.next('Page.loadEventFired');
    for (const type of ['mousePressed', 'mouseReleased'])
      await this.ask('Input.dispatchMouseEvent', { type, ...middle, button: 'left', clickCount: 1 });
    await loaded;
  }
  async screenshot() {
    return Buffer.from((await this.ask('Page.captureScreenshot', { format: 'png' })).data, 'base64');
  }
  async close() {
    const ended = once(this.#process, 'exit');
    this.session = undefined;
    await this.ask('Browser.close').catch(() => {});  // it may be gone before it answers
    await ended;
  }
}
