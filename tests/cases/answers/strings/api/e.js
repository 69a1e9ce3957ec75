export default () => 'grüße 😀'
