const depth = (n) => n === 0 ? 0 : 1 + depth(n - 1)
export default () => { let thrown; try { depth(20000) } catch (e) { thrown = e.name } return [depth(9000), thrown] }
