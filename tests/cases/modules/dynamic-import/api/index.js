export default async (req) => {
  try {
    const found = await import(`./_lang/${req.query.lang}.js`)
    return [found.hi, found === await import('./_lang/' + req.query.lang + '.js')]
  } catch (e) {
    return [e.name, e instanceof Error]
  }
}
