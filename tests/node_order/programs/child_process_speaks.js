const { execFile } = require('child_process');
execFile('/bin/sh', ['-c', 'echo hello; echo there >&2'], (error, output, errors) => {
  log(`output ${output.trim()}`);
  log(`errors ${errors.trim()}`);
  process.nextTick(() => log('tick'));
});
log('main');
