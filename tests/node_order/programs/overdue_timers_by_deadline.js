for (const ms of [120, 40, 200, 80, 160]) setTimeout(() => log(ms), ms);
pass(250);
