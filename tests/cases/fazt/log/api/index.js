export default () => {
  fazt.log.info('saved', { id: 5 }); fazt.log.warn('careful'); fazt.log.error('wrong'); fazt.log.debug('looked')
  console.log('text', 1, { a: [1] }); console.error('%s is %d', 'one', 1); console.warn(null, undefined)
  return 'done'
}
