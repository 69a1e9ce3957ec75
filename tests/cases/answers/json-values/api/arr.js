export default () => ([1, 'x', null, undefined])
