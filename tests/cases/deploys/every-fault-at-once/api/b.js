import './none.js'
