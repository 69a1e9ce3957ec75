import a from './a.jsx'
export default a
