import './_b.js'
