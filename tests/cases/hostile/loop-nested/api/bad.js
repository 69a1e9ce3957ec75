const spin = (n) => { try { while (true) { if (n > 0) spin(n - 1) } } catch { spin(n) } finally { spin(0) } }
export default () => spin(50)
