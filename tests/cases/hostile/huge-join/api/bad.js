export default () => Array(2 ** 29).join('ab')
