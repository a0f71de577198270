require('../walk.js')(23757);
