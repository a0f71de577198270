for (let i = 1; i <= 8; ++i) setTimeout(() => log(i), 5);
