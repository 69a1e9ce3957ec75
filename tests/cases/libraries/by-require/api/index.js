const dayjs = require('dayjs')
const _ = require('lodash-es')
const { z } = require('zod')
const { v4 } = require('uuid')
const validator = require('validator')
const Mustache = require('mustache')
module.exports = () => [dayjs('2024-01-31').add(1, 'month').format('MM-DD'), _.sum([1, 2]), z.number().safeParse('x').success, v4().length, validator.isInt('5'), Mustache.render('{{a}}', { a: 1 })]
