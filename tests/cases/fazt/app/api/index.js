export default () => {
  const { id, name, version, domain } = fazt.app
  return [typeof id, id.length > 0, name, version, domain]
}
