module.exports = { name: 'folder' }
