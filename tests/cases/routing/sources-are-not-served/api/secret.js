const key = 'a secret'
export default () => 'ok'
