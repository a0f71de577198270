require('./walk.js')(Number(process.env.SEED));
