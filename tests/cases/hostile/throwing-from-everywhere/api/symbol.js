export default () => { throw Symbol('s') }
