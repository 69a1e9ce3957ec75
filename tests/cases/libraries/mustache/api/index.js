import Mustache from 'mustache'
export default () => Mustache.render('{{#list}}{{n}}-{{#last}}{{&raw}}{{/last}}{{/list}}{{^none}}empty{{/none}} {{name}} {{{name}}} {{>part}} {{#up}}low{{/up}}', {
  list: [{ n: 1 }, { n: 2, last: true }], raw: '<br>', name: '<b>', up: () => (text, render) => render(text).toUpperCase(),
}, { part: 'part of {{name}}' })
