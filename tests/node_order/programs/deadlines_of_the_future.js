for (const ms of [90, 10, 130, 50]) setTimeout(() => log(ms), ms);
