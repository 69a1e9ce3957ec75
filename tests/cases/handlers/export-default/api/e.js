const f = () => 'e'
export { f as default }
