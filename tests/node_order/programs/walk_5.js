require('../walk.js')(39595);
