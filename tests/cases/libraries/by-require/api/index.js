const dayjs = require('dayjs')
const { v4 } = require('uuid')
const Mustache = require('mustache')
const { marked } = require('marked')
module.exports = () => [dayjs('2024-01-31').add(1, 'month').format('MM-DD'), v4().length, Mustache.render('{{a}}', { a: 1 }), marked.parseInline('*b*')]
