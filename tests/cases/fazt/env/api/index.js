export default () => {
  try { fazt.env.A = 'changed' } catch {}
  return [fazt.env.A, fazt.env.get('A'), fazt.env.get('B', 'default'), fazt.env.B ?? 'none', fazt.env.has('A'), fazt.env.has('toString'), fazt.env.get('constructor', 'x')]
}
