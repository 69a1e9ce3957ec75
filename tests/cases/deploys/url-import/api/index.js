import x from "https://example.com/x.js"
export default () => x
