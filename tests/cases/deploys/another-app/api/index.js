import x from "/../still/api/index.js"
export default () => x
