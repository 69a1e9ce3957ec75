import x from './x.json'
export default () => x
