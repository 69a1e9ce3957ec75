export default () => ({ toJSON: () => ({ x: 1 }) })
