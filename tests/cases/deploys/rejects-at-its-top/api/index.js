await Promise.reject(new Error("not today"))
export default () => 1
