export default () => {
  const thrown = []
  for (const f of [() => btoa('€'), () => atob('a'), () => atob('*')]) try { f(); thrown.push('none') } catch (e) { thrown.push(e.name) }
  return [btoa('hi\xff'), atob('aGn/').charCodeAt(2), atob(' aG k= '), btoa(''), thrown]
}
