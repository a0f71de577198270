require('../walk.js')(31676);
