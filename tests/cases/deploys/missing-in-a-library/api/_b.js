let x = 1
import './_c.js'
