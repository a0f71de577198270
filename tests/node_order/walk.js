// A program that chance writes: each callback does up to three things that a seed decides. walk_programs.cpp is the same, call
// for call. All delays are equal and over before the next timers phase, so that the order does not depend on time.
module.exports = (seed) => {
  let state = seed;
  const below = (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % n;
  };
  const timers = [];
  const immediates = [];
  let left = 150;
  let ids = 0;

  const setTimer = () => {
    const timer = { id: ++ids, live: true, cleared: false };
    timers.push(timer);
    timer.handle = setTimeout(() => {
      timer.live = false;
      act(`timer ${timer.id}`, false, timer);
    }, 1);
  };
  const setCheck = () => {
    const immediate = { id: ++ids, live: true };
    immediates.push(immediate);
    immediate.handle = setImmediate(() => {
      immediate.live = false;
      act(`immediate ${immediate.id}`, false);
    });
  };
  const any = (list) => list[below(list.length)];

  // One thing; true when time has to pass for it. No timer is set while ticks drain: after the last timer of a phase
  // Node.js would look at the clock again, and go on with the phase.
  const step = (drains, self) => {
    const choice = below(16);
    if (choice < 4 && !drains) {
      setTimer();
      return true;
    }
    if (choice < 7) setCheck();
    else if (choice < 9) {
      const id = ++ids;
      process.nextTick(() => act(`tick ${id}`, true));
    } else if (choice < 11) {
      const id = ++ids;
      queueMicrotask(() => {
        act(`microtask ${id}`, true);
        if (below(4) === 0) throw new Error(`of microtask ${id}`);
      });
    } else if (choice === 11 && timers.length > 0) {
      const timer = any(timers);
      clearTimeout(timer.handle);
      timer.live = false;
      timer.cleared = true;
    } else if (choice === 12 && immediates.length > 0) {
      const immediate = any(immediates);
      clearImmediate(immediate.handle);
      immediate.live = false;
    } else if (choice === 13 && timers.length > 0 && !drains) {
      const timer = any(timers);
      if (!timer.live && (timer !== self || timer.cleared)) return false;
      timer.handle.refresh();
      timer.live = true;
      return true;
    } else if (choice === 14 && timers.length > 0) {
      const timer = any(timers);
      const on = below(2) === 1;
      if (timer.live && on) timer.handle.ref();
      if (timer.live && !on) timer.handle.unref();
    } else if (choice === 15 && immediates.length > 0) {
      const immediate = any(immediates);
      const on = below(2) === 1;
      if (immediate.live && on) immediate.handle.ref();
      if (immediate.live && !on) immediate.handle.unref();
    }
    return false;
  };
  const act = (line, drains, self) => {
    log(line);
    let takesTime = false;
    for (let n = below(4); n > 0 && left > 0; --n, --left) {
      if (step(drains, self)) takesTime = true;
    }
    if (takesTime) pass(3);
  };

  process.on('uncaughtException', (error) => log(`caught ${error.message}`));
  let revivals = 5;
  process.on('beforeExit', () => {
    log('before exit');
    if (revivals-- > 0 && left > 0) setCheck();
  });
  process.on('exit', (code) => log(`exit ${code}`));
  for (let i = 0; i < 4; ++i) {
    setTimer();
    setCheck();
  }
  pass(3);
};
