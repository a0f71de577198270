require('../walk.js')(7919);
