require('../walk.js')(63352);
