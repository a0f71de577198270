require('../walk.js')(47514);
