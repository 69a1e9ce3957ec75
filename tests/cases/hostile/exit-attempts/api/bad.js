export default () => {
  const seen = []
  for (const f of [() => process.exit(1), () => globalThis.process.exit(), () => quit(), () => exit(0), () => close(), () => Deno.exit(), () => require(['process'][0]).exit(), () => self.close(), () => abort(), () => $262.agent, () => gc()])
    try { f(); seen.push('none') } catch (e) { seen.push(e.name === 'ReferenceError' || e.name === 'TypeError' || e instanceof Error) }
  return seen.every((one) => one === true)
}
