const { twice } = require('./_lib/twice')
const seed = require('./_seed.json')
const folder = require('./_folder')
const esm = require('./_esm.js')
module.exports = () => [twice(2), seed.a, folder.name, esm.named, esm.default, require('./_lib/twice') === require('./_lib/twice.js'), typeof __filename, typeof __dirname]
